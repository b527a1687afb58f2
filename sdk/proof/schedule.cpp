#include "sdk/proof/schedule.hpp"

#include "sdk/base/bytes.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::proof {

std::optional<DueTime> due_time(std::int64_t valid_from_s, std::int64_t every_s,
                                std::int64_t now_s) {
  if (now_s < valid_from_s) return std::nullopt;
  const std::int64_t number = (now_s - valid_from_s) / every_s;
  const std::int64_t since = valid_from_s + number * every_s;
  return DueTime{number, since, since + every_s};
}

std::string due_access(std::string_view chain, std::string_view grant, std::int64_t number) {
  constexpr std::size_t kIdBytes = 16;
  std::string text = "qc-due-1";
  for (const std::string_view part : {chain, grant}) text.append(1, '\0').append(part);
  text.append(1, '\0').append(std::to_string(number));
  const Hash32 hash = crypto::sm3(text);
  Bytes id(hash.begin(), hash.begin() + kIdBytes);
  id[0] &= 0x7FU;  // so that it does not begin with '-'
  return to_base64url(id);
}

}  // namespace qc::proof
