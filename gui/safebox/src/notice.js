// The notice that a request names by its hash (docs/formats.md "Notice"), written anew from what the
// screen shows: who signs must know that the consumer signed the very text they read.
import { hex, utf8 } from './bytes.js';
import { sm3 } from './jose.js';

export const NOTICE_ID = 'qc-notice-1';
const utc = (seconds) => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');

export function noticeText(request, consumer) {
  const { purpose, valid } = request;
  const lines = [
    `个人信息处理告知书 (${NOTICE_ID})`,
    `接收方: ${consumer.name_zh} (${consumer.uscc}),联系方式: ${consumer.contact}`,
    `产品: ${request.product} 版本 ${request.product_version}`,
    `目的: ${purpose.text} [${purpose.code}]`,
    `必要性: ${purpose.necessity}`,
    `对您的影响: ${purpose.impact}`,
    ...request.scope.map((one) =>
      `信息: ${one.item} 版本 ${one.version} 必需[${one.required.join(', ')}] 可选[${one.optional.join(', ')}]`),
    `方式: ${request.release === 'answer' ? '仅返回决定,原始信息不出平台,自动化决策' : '所选字段加密交付接收方'}`,
    `有效期: ${utc(valid.from)} 至 ${utc(valid.to)},最多使用 ${request.max_uses} 次`,
    `保存期限: ${request.data_life_days} 天,不得向他人转交`,
    '您可以拒绝、随时撤回、查询全程记录、要求删除、要求人工复核。',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Throws unless the request's notice is this text. */
export function checkNotice(request, consumer) {
  const { id, lang, sm3: named } = request.notice;
  const text = noticeText(request, consumer);
  if (id !== NOTICE_ID || lang !== 'zh' || hex(sm3(utf8(text))) !== named) throw new Error('verify.notice_mismatch');
  return text;
}
