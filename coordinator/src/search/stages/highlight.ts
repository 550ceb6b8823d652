/** The sentences of each hit's text that have the query's words: a stage of what is given, which orders nothing. */
import { setImmediate } from 'node:timers/promises'
import { fromCodePoints, type RequestContext } from '@hypershard/common'
import type { AnalyzerName, HighlightOptions } from '@hypershard/contract'
import type { Passage } from '@hypershard/proto/shard'
import { analyzeText, type Manifest } from '@hypershard/storage'
import { fragmentsOf, type Mark, marksIn } from '../../words/best-fragments.ts'
import { wantedTexts } from '../composed/wanted-texts.ts'
import type { Highlight, Hit, HitGroup } from '../search-answer.ts'
import type { SearchInput } from '../search-input.ts'

/** Of a text, in UTF-16 units: more is not read for highlights. Of a text with passages, around the one that scored. */
export const highlightedUnitsMax = 131_072

/** Read in one go: a few milliseconds. In between, other requests have their turn. */
const sliceUnits = 16_384

/** What texts are read for. */
export interface CheckedHighlight extends Pick<HighlightOptions, 'fragments' | 'length'> {
  /** The words of the texts that are asked for, as the analyzer makes them. */
  readonly terms: ReadonlySet<string>
  readonly analyzer: AnalyzerName
}

/** An index that keeps no words has none of its own. */
const analyzerDefault = 'simple'

/** @param asked as the request has it, or was interpreted: documents that the query is made of have no words of their own here */
export function readHighlight(
  asked: Pick<SearchInput, 'query' | 'composed'>,
  { fragments, length, analyzer: named }: HighlightOptions,
  { lexical }: Pick<Manifest, 'lexical'>,
): CheckedHighlight {
  const analyzer = named ?? lexical?.analyzer ?? analyzerDefault
  const terms = wantedTexts(asked).flatMap(text => analyzeText(text, analyzer))
  return { fragments, length, analyzer, terms: new Set(terms) }
}

interface Page {
  readonly hits: readonly Hit[]
  readonly groups?: readonly HitGroup[]
}

/**
 * The page with highlights. One document is read once, however many groups it is in; what is read of a text does not
 * depend on other hits.
 * @throws HypershardError `deadline_exceeded`, `cancelled`
 */
export async function highlightPage<Found extends Page>(
  page: Found,
  checked: CheckedHighlight,
  context: RequestContext,
): Promise<Found> {
  const known = new Map<string, Highlight>()
  for (const hit of [...page.hits, ...(page.groups ?? []).flatMap(({ hits }) => hits)]) {
    if (!known.has(hit.id)) known.set(hit.id, await highlightHit(hit, checked, context))
  }
  const withHighlight = (hit: Hit): Hit => ({ ...hit, highlight: known.get(hit.id) })
  const groups = page.groups?.map(group => ({ ...group, hits: group.hits.map(withHighlight) }))
  return { ...page, hits: page.hits.map(withHighlight), ...(groups && { groups }) }
}

async function highlightHit(
  { document, passage }: Hit,
  checked: CheckedHighlight,
  context: RequestContext,
): Promise<Highlight> {
  const text = document?.text ?? ''
  const part = partToRead(text, passage)
  const marks: Mark[] = []
  for (let at = part.begin; at < part.end; ) {
    const end = endOfSlice(text, at, part.end)
    marks.push(...marksIn(text, { begin: at, end }, checked))
    at = end
    await setImmediate()
    context.deadline.check('highlighting')
  }
  const { fragments, isAll } = fragmentsOf(text, marks, checked)
  return { fragments, partial: !isAll || part.end - part.begin < text.length }
}

/** All of a text that is not too long; of another its beginning, or what is around the passage that scored. */
function partToRead(text: string, passage: Passage | undefined) {
  if (text.length <= highlightedUnitsMax) return { begin: 0, end: text.length }
  const [from = 0, to = 0] = passage === undefined ? [] : fromCodePoints(text, [passage.begin, passage.end])
  const middle = (from + to) >> 1
  const begin = Math.max(0, Math.min(middle - (highlightedUnitsMax >> 1), text.length - highlightedUnitsMax))
  return { begin: behindPair(text, begin), end: behindPair(text, begin + highlightedUnitsMax) }
}

/** At white space if there is any near, so that no word is cut. */
function endOfSlice(text: string, begin: number, end: number): number {
  if (end - begin <= sliceUnits) return end
  const limit = begin + sliceUnits
  const word = /\s\S*$/.exec(text.slice(limit - sliceUnits / 4, limit))
  return behindPair(text, word === null ? limit : limit - word[0].length + 1)
}

function behindPair(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff ? at + 1 : at
}
