/** Labels: what the owner of a node says of it (`gpu=yes`, `site=roof`), and what a task requires of the node that runs it. */

export type Labels = Readonly<Record<string, string>>

export const LABEL_KEY = /^[a-zA-Z0-9](?:[a-zA-Z0-9._\/-]{0,62}[a-zA-Z0-9])?$/
export const LABEL_VALUE = /^[a-zA-Z0-9._\/:+@-]{1,64}$/

export const LABEL_RULE = 'key=value, such as gpu=yes: each up to 64 letters and digits; . _ / - may stand inside a key, and . _ / : + @ - anywhere in a value'

export function isLabel (key: string, value: string): boolean {
  return LABEL_KEY.test(key) && LABEL_VALUE.test(value)
}

/** The two halves of `key=value`; undefined for any other text. */
export function splitLabel (text: string): { key: string, value: string } | undefined {
  const at = text.indexOf('=')
  const [key, value] = [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()]
  return at > 0 && isLabel(key, value) ? { key, value } : undefined
}

/** The value as text where YAML or JSON reads `yes`, `7` or `true` as something else; undefined for what is no value of a label. */
export function labelValue (value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : value
  return typeof text === 'string' && LABEL_VALUE.test(text) ? text : undefined
}

/** The first label of `required` that `labels` lack or hold with another value. */
export function missingLabel (required: Labels | undefined, labels: Labels | undefined): string | undefined {
  if (required === undefined) return undefined
  for (const key in required) {
    if (labels === undefined || !Object.hasOwn(labels, key) || labels[key] !== required[key]) return key
  }
  return undefined
}

/** `gpu=yes, site=roof`. */
export function labelText (labels: Labels): string {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(', ')
}
