// Any lines as a list of capabilities: what is in form has amounts within bounds and covers itself.
#include <cstdlib>

#include "sdk/proof/capability.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> list;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty() && list.size() < 64) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    list.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto fault = qc::proof::find_capability_fault(list);
  if (fault && fault->index >= list.size()) std::abort();
  if (fault) list.resize(fault->index);
  const qc::proof::Budgets budgets = qc::proof::budgets_in(list);
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const auto& kind = qc::proof::kBudgets[i];
    if (budgets[i] != 0 && (budgets[i] < kind.least || budgets[i] > kind.most)) std::abort();
  }
  for (const std::string& capability : list) {
    if (!qc::proof::asks_for(list, capability)) std::abort();
  }
  for (const auto prefix : {qc::proof::kTable, qc::proof::kLedger}) {
    for (const std::string& name : qc::proof::named_in(list, prefix)) {
      if (name.empty()) std::abort();
    }
  }
  return 0;
}
