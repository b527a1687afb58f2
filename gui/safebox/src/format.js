// Values and times as a person reads them.
import { lang, t } from './strings.js';

const locale = () => (lang() === 'zh' ? 'zh-CN' : 'en-GB');

export function value(type, raw) {
  if (raw === null || raw === undefined) return t('none');
  if (type === 'm') return '¥ ' + (raw / 100).toLocaleString(locale(), { minimumFractionDigits: 2 });
  if (type === 'b') return raw ? t('yes') : t('no');
  if (type === 'i') return raw.toLocaleString(locale());
  return String(raw);
}

export const day = (seconds) =>
  seconds ? new Date(seconds * 1000).toLocaleDateString(locale(), { timeZone: 'Asia/Shanghai' }) : t('long_term');

export const moment = (ms) =>
  new Date(ms).toLocaleString(locale(), { timeZone: 'Asia/Shanghai', hour12: false });

export const fieldName = (definition, id) => {
  const field = definition?.fields?.find((one) => one.id === id);
  return lang() === 'zh' && field ? field.zh : id.replaceAll('_', ' ');
};

export const fieldType = (definition, id) => definition?.fields?.find((one) => one.id === id)?.type ?? 's';

export const named = (entry) => (lang() === 'zh' ? entry?.name_zh : entry?.name_en) ?? '';
