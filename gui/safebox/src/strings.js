// Every text of the page, Chinese first.
const table = {
  title: ['数字保险箱', 'Digital safe box'],
  city: ['泉城链', 'Quancheng Chain'],
  slogan: ['数据归你，用与不用由你决定', 'Your data, your decision'],
  open_title: ['开通我的保险箱', 'Open my safe box'],
  open_text: ['密钥在本机生成，永不离开本机。姓名和证件信息只加密发给公安局核验。',
    'The key is made on this device and never leaves it. Your name and ID are encrypted to public security alone.'],
  name: ['姓名', 'Name'],
  id_no: ['公民身份号码', 'Citizen ID number'],
  card_valid_to: ['身份证有效期止', 'ID card valid until'],
  passphrase: ['口令（至少 8 位）', 'Passphrase (8 or more characters)'],
  create: ['开通', 'Open'],
  unlock_title: ['打开保险箱', 'Unlock the safe box'],
  unlock: ['打开', 'Unlock'],
  lock: ['锁上', 'Lock'],
  home: ['我的数据', 'My data'],
  requests: ['授权申请', 'Requests'],
  grants: ['我的授权', 'Grants'],
  history: ['使用记录', 'History'],
  roles: ['办理身份', 'Roles'],
  myself: ['我自己', 'Myself'],
  role_guardian: ['我的孩子（监护人）', 'My child (guardian)'],
  role_legal_rep: ['我的企业（法定代表人）', 'My enterprise (legal representative)'],
  role_administrator: ['我的企业（管理员）', 'My enterprise (administrator)'],
  role_handler: ['我的企业（经办人）', 'My enterprise (handler)'],
  acting: ['当前身份', 'Acting'],
  act_as: ['以此身份办理', 'Act in this role'],
  acting_for: ['您正在代为办理：', 'You act for another:'],
  box_elsewhere: ['其保险箱不在本机', 'its safe box is not on this device'],
  open_other: ['在本机为孩子开通保险箱', "Open a child's safe box on this device"],
  open_other_text: ['开通后，由部门证明监护关系、登记机构登记，即可在此切换身份。',
    'Once the department has attested the guardianship and the registrar has registered it, you can act here.'],
  the_box: ['保险箱本身的密钥', "The box's own key"],
  minor: ['这是未成年人的信息，我作为监护人同意', "It is a minor's information; I consent as guardian"],
  fetch: ['向部门领取', 'Fetch'],
  refresh: ['更新', 'Refresh'],
  issued_by: ['签发部门', 'Issued by'],
  as_of: ['数据截至', 'As of'],
  expires: ['有效期至', 'Valid until'],
  not_fetched: ['尚未领取', 'Not fetched yet'],
  no_requests: ['没有待处理的申请', 'No request waits for you'],
  no_grants: ['还没有授权过', 'No grant yet'],
  no_history: ['还没有记录', 'No event yet'],
  asks_for: ['申请使用你的数据', 'asks to use your data'],
  purpose: ['用途', 'Purpose'],
  product: ['产品', 'Product'],
  required: ['必需', 'Required'],
  optional: ['可选，由你勾选', 'Optional, you choose'],
  valid: ['授权期限', 'Valid'],
  mode: ['授权方式', 'Kind of grant'],
  mode_once: ['一次性：用完即止', 'Once: it ends when used'],
  mode_standing: ['持续：期限内可多次使用，可随时撤销', 'Standing: used again and again until it ends; you may revoke it any time'],
  uses: ['使用次数', 'Uses'],
  at_most: ['最多', 'at most'],
  data_life: ['数据保留', 'Data kept for'],
  each_time: ['每次使用', 'Each time'],
  issued_afresh: ['由部门按当时的记录重新出具', 'Issued afresh by the department, as it is then'],
  days: ['天', 'days'],
  times: ['次', 'times'],
  release_answer: ['原始数据不出主机：银行只得到结论', 'Raw data stays in the host: the bank gets the answer alone'],
  release_fields: ['所选字段的原始值会交给对方', 'The chosen values are handed to the requester'],
  necessity: ['必要性', 'Why it is needed'],
  impact: ['对您的影响', 'What it means for you'],
  separate: ['以下各项需您单独同意', 'Each of these needs your separate consent'],
  third_party: ['同意把所选信息提供给上述接收方', 'The chosen information goes to the party named above'],
  sensitive: ['其中含敏感个人信息，同意处理', 'It holds sensitive personal information'],
  adverse_credit_notice: ['已知晓：这些信息可能对您的信用评价产生不利影响', 'I know that it may affect my credit adversely'],
  automated_decision: ['已知晓：结论由系统自动作出，可要求说明和人工复核',
    'I know that the decision is automated; I may ask for reasons and human review'],
  notice: ['告知书全文（您签名确认的文本）', 'The full notice (the text your signature confirms)'],
  why_lacking: ['缺少必需的数据，先领取后才能同意', 'Required data is missing: fetch it first to be able to agree'],
  why_separate: ['逐项单独同意后才能签名', 'Tick each separate consent to be able to sign'],
  approve: ['同意并签名', 'Agree and sign'],
  refuse: ['拒绝', 'Refuse'],
  missing_item: ['请先在“我的数据”中领取', 'Fetch it first under "My data"'],
  revoke: ['撤销', 'Revoke'],
  revoke_confirm: ['撤销后对方立即不能再使用。确定撤销？', 'They can no longer use it from now on. Revoke?'],
  verified: ['已上链，回执已核验', 'On the ledger, receipt checked'],
  unverified: ['回执核验失败', 'Receipt check failed'],
  working: ['处理中…', 'Working…'],
  used: ['已用', 'Used'],
  yes: ['是', 'Yes'],
  no: ['否', 'No'],
  none: ['无', 'None'],
  long_term: ['长期', 'No expiry'],
  me: ['本人', 'Me'],
  the_host: ['主机', 'The host'],
  view: ['查看', 'View'],
  total_verified: ['条记录，回执全部核验通过', 'events, every receipt checked'],
};

const states = {
  REQUESTED: ['待处理', 'Waiting'], PRESENTED: ['待决定', 'To decide'], REJECTED: ['已拒绝', 'Refused'],
  CANCELLED: ['对方已取消', 'Cancelled'], LAPSED: ['已过期', 'Lapsed'], GRANTED: ['已授权', 'Granted'],
  PENDING_COSIGN: ['待共同签署', 'Waits for a second signature'], ACTIVE: ['有效', 'Active'], PAUSED: ['已暂停', 'Paused'], REVOKED: ['已撤销', 'Revoked'],
  EXPIRED: ['已到期', 'Expired'], ENDED: ['已终止', 'Ended'], EXHAUSTED: ['次数已用完', 'Used up'], DELETED: ['对方已删除', 'Deleted'],
};

const refusals = {
  'grant.not_found': ['没有这项授权', 'there is no such grant'], 'grant.revoked': ['授权已撤销', 'you have withdrawn the grant'],
  'grant.not_cosigned': ['尚待共同签署', 'the second signature is missing'], 'grant.paused': ['授权已暂停', 'the grant is paused'], 'grant.expired': ['授权已到期', 'the grant has expired'],
  'grant.exhausted': ['授权次数已用完', 'the grant is used up'], 'grant.not_yet_valid': ['授权尚未生效', 'the grant is not valid yet'],
  'grant.too_frequent': ['超过约定的频次', 'more often than agreed'], 'grant.deleted': ['授权已结束', 'the grant has ended'],
  'access.wrong_consumer': ['不是获授权的机构', 'not the party you granted'], 'access.wrong_product': ['不是授权的产品', 'not the product you granted'],
  'access.wrong_purpose': ['不是授权的用途', 'not the purpose you granted'], 'access.item_not_granted': ['未授权的数据', 'data you did not grant'],
  'access.field_not_granted': ['未授权的字段', 'fields you did not grant'], 'access.duplicate': ['重复的访问', 'the access was made before'],
  'member.suspended': ['该机构已被停用', 'this party is suspended'],
};

const errors = {
  'client.unreachable': ['连接不上主机，请稍后再试', 'The host cannot be reached; try again later'],
  'client.wrong_network': ['这台主机不是你开通保险箱时的网络，已停止', 'This host is not the network your box belongs to; stopped'],
  'client.bad_response_signature': ['主机的应答签名不对，已停止', 'The host’s answer is not signed correctly; stopped'],
  'verify.notice_mismatch': ['申请方签名的告知书与此处显示的内容不一致，已停止', 'The requester signed another notice than the one shown here; stopped'],
  'verify.wrong_transaction': ['账本上的申请与主机所述不符，已停止', 'The ledger holds another request than the host tells; stopped'],
  'verify.unknown_item': ['申请的数据项或版本不在数据字典中，已停止，未签署', 'The dictionary has no such item in this version; stopped, nothing was signed'],
  'verify.unknown_field': ['字段不在数据字典或申请之中，已停止，未签署', 'A field stands neither in the dictionary nor in the request; stopped, nothing was signed'],
  'verify.missing_field': ['缺少所需字段，请先更新数据；未签署', 'A field is missing: refresh the data first; nothing was signed'],
  'verify.wrong_fields': ['凭证中的字段与账本所列不一致，已停止', 'The credential holds other fields than the ledger lists; stopped'],
  'asset.mismatch': ['凭证不是所列的数据，已停止，未签署', 'The credential is not the data it is listed as; stopped, nothing was signed'],
  'receipt.not_included': ['主机没有给出有效回执', 'The host gave no valid receipt'],
  'key.wrong_passphrase': ['口令不对', 'Wrong passphrase'],
  'identity.account_exists': ['此人已开通保险箱', 'This person has a safe box already'],
};

let language = localStorage.getItem('quancheng.lang') ?? 'zh';
export const lang = () => language;
export function setLang(value) {
  language = value;
  localStorage.setItem('quancheng.lang', value);
  document.documentElement.lang = value === 'zh' ? 'zh-CN' : 'en';
}
const pick = (pair) => pair[language === 'zh' ? 0 : 1];
export const t = (id) => pick(table[id]);
export const refusalText = (code) => (refusals[code] ? pick(refusals[code]) : code);
export const stateText = (id) => (states[id] ? pick(states[id]) : id);
export function errorText(error) {
  const known = errors[error.code ?? error.message];
  if (known) return error.code?.startsWith('verify.') ? `${pick(known)} (${error.field})` : pick(known);
  return `${error.message} (${[error.code, error.field].filter(Boolean).join(', ')})`;
}
