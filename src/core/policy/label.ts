const labelName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Of a DNS name (k8s.io/apimachinery, `DNS1123SubdomainMaxLength`). */
const longestDnsName = 253;

/** Whether labels can have such a key. Source: k8s.io/apimachinery, `IsQualifiedName`. */
export function isLabelKey(text: string): boolean {
  const [first = '', second, ...others] = text.split('/');
  if (second === undefined) return labelName.test(first);
  return others.length === 0 && first.length <= longestDnsName && dnsName.test(first) && labelName.test(second);
}

/** Whether labels can have such a value. Source: k8s.io/apimachinery, `IsValidLabelValue`. */
export function isLabelValue(text: string): boolean {
  return text === '' || labelName.test(text);
}
