/**
 * Text of documents, names and errors may be anything. Preact makes text nodes of it, so that no markup in it counts; here
 * it is made visible: a control character by its picture, one that turns the direction of writing by its number.
 */
const hidden = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u00ad\u200b\u2028\u2029\u2060-\u2064\ufeff\ufff9-\ufffb]/gu

export function visibleText(text: string): string {
  return text.replace(hidden, character => {
    const code = character.charCodeAt(0)
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    if (code === 0x7f) return '\u2421'
    return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, '0')}\u27e9`
  })
}

/** The beginning of a text, whole characters, with an ellipsis where there is more. */
export function beginningOf(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text
  const cut = text.slice(0, charactersMax)
  // Half of a surrogate pair is no character.
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
