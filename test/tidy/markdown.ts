/** One line of a Markdown page. */
export interface PageLine {
  /** From 1. */
  readonly line: number
  readonly text: string
}

/** The lines of a Markdown page that people read as sentences. */
export function proseLinesOf(page: string): PageLine[] {
  return linesOutsideCode(page).filter(({ text }) => text.trim() !== '' && !/^\s*\||^#{1,6} |^\s*<!--/.test(text))
}

function linesOutsideCode(page: string): PageLine[] {
  let fence: string | undefined
  const found: PageLine[] = []
  for (const [index, text] of page.split('\n').entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(text)?.[1]
    if (fence === undefined && mark === undefined) found.push({ line: index + 1, text })
    if (fence === undefined) fence = mark
    else if (mark?.startsWith(fence)) fence = undefined
  }
  return found
}

const sentenceEnd = /(?:\.[)\]"”'*_]*\s+(?=[\p{L}\d`"“[(*_])|[!?][)\]"”'*_]*\s+(?=[\p{Lu}\d`"“[(*_]))/gu

/** What ends with a full stop and ends no sentence: abbreviations, initials, numbers of a list, bold words before a text. */
const noSentence =
  /(?:^|[\s(])(?:e\.g|i\.e|cf|vs|etc|al|Fig|Sec|No|pp?|\p{Lu})\.$|^\s*\d+\.$|^\s*(?:[-*] |\d+\. )?\*\*[^*]+\.$/u

/**
 * A text cut where one sentence ends and the next begins: after a full stop, before a letter, a digit, or something
 * emphasised, quoted, linked or in code; after a question mark or an exclamation mark, not before a small letter.
 *
 * @example sentencesIn('Blocks have 512 rows. `k` is 10.') // ['Blocks have 512 rows.', '`k` is 10.']
 */
export function sentencesIn(text: string): string[] {
  const masked = text
    .replace(/(`+)[^`]+\1/g, code => `\`${'x'.repeat(code.length - 2)}\``)
    .replace(/\[[^\]]*\]\([^)]*\)/g, link => `[${'x'.repeat(link.length - 2)}]`)
  const sentences: string[] = []
  let start = 0
  for (const { index, 0: end } of masked.matchAll(sentenceEnd)) {
    if (noSentence.test(masked.slice(start, index + 1))) continue
    sentences.push(text.slice(start, index + end.length).trimEnd())
    start = index + end.length
  }
  return [...sentences, text.slice(start)]
}

/** The words of a page's code spans that are paths below one of these folders, or into some package's `src`. */
export function repositoryPathsIn(page: string, folders: readonly string[]): string[] {
  return linesOutsideCode(page)
    .flatMap(({ text }) => [...text.matchAll(/`([^`]+)`/g)])
    .flatMap(([, code]) => code!.split(/\s+/))
    .filter(
      word =>
        /^[\w.-]+(?:\/[\w.-]+)+\/?$/.test(word) &&
        (folders.includes(word.split('/')[0]!) || word.split('/')[1] === 'src'),
    )
    .map(word => word.replace(/\/$/, ''))
}

/** What links can point at within a page: its headings, named as GitHub names them. */
export function anchorsOf(page: string): Set<string> {
  const headings = linesOutsideCode(page).flatMap(({ text }) => /^#{1,6} (.+)$/.exec(text)?.[1] ?? [])
  return new Set(
    headings.map(heading =>
      heading
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
