/**
 * Whether a pattern matches a whole name; `*` in it stands for any characters, also none, and any other character for
 * itself. Takes the product of the lengths at most, whatever the pattern: a regular expression could take for ever.
 * @example
 * matchesPattern('papers-*', 'papers-2026') // true
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let at = 0
  let inPattern = 0
  let star = -1
  let afterStar = 0
  while (at < name.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++
      afterStar = at
    } else if (inPattern < pattern.length && pattern[inPattern] === name[at]) {
      inPattern++
      at++
    } else if (star >= 0) {
      inPattern = star + 1
      at = ++afterStar
    } else return false
  }
  while (pattern[inPattern] === '*') inPattern++
  return inPattern === pattern.length
}
