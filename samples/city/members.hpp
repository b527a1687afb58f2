// Who the synthetic city's members are.
#pragma once

#include <span>
#include <string_view>

namespace qc::samples {

struct MemberText {
  const char* account;
  const char* kind;
  const char* code;  ///< item prefix of a department, else ""
  const char* name_zh;
  const char* name_en;
  const char* registration;  ///< first two characters of the USCC (GB 32100)
  const char* serial;        ///< eight characters of the organisation code
};

/// The operator founds the network; everyone else is admitted by it.
inline constexpr MemberText kOperator = {
    "operator", "operator", "", "泉城链运营中心", "Quancheng Chain Operations Centre",
    "12",       "QC000001"};

inline constexpr MemberText kMembers[] = {
    {"registrar", "registrar", "", "泉城数字身份登记中心", "Quancheng Identity Registrar", "12",
     "QC000002"},
    {"ga", "department", "ga", "公安局", "Public Security Bureau", "11", "QC000003"},
    {"rs", "department", "rs", "人力资源和社会保障局", "Human Resources and Social Security Bureau",
     "11", "QC000004"},
    {"gjj", "department", "gjj", "住房公积金中心", "Housing Provident Fund Centre", "12",
     "QC000005"},
    {"qc-bank", "bank", "", "泉城银行", "Bank of Quancheng", "91", "QC000006"},
    {"jrj", "regulator", "", "地方金融监督管理局", "Financial Supervision Bureau", "11",
     "QC000007"},
};

/// A plugin of the city and the member whose key and data it uses. A product bears its plugin's
/// name.
struct PluginText {
  const char* plugin;
  const char* owner;
  const char* key;      ///< name of the key under keys/
  const char* setting;  ///< that says where its data is
  const char* source;   ///< file or folder under population/, or ""
};

inline constexpr PluginText kPlugins[] = {
    {"public_security", "ga", "ga", "database", "public_security.db"},
    {"human_resources", "rs", "rs", "extract_dir", "human_resources"},
    {"housing_fund", "gjj", "gjj", "database", "housing_fund.db"},
    {"citizen_loan", "qc-bank", "citizen_loan", "", ""},
    {"loan_watch", "qc-bank", "loan_watch", "", ""},
};

/// The plugin in which identity is proved; it alone gets the pseudonym key.
inline constexpr std::string_view kIdentityPlugin = "public_security";

}  // namespace qc::samples
