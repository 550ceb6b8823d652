import type { SearchRequest } from '@hypershard/contract'
import { expressionDepthMax, leavesMax, nodeWeightMax } from '@hypershard/contract/limits'
import { typedValues, valuesIn } from './values-in.ts'

/** What a search looks for: a text, or an expression. */
export type LabQuery = NonNullable<SearchRequest['query']>

interface OfNode {
  /** Whether what matches it is taken away instead. */
  readonly not: boolean
  readonly weight: number | undefined
}

/** A text, as it is typed. */
export interface TextDraft extends OfNode {
  readonly kind: 'text'
  readonly text: string
}

/** Documents that hits are to be like: their ids, as they are typed. */
export interface LikeDraft extends OfNode {
  readonly kind: 'like'
  readonly ids: string
}

/** A leaf that nobody types, such as a vector: it is kept as the link has it. */
export interface GivenDraft extends OfNode {
  readonly kind: 'given'
  readonly node: Readonly<Record<string, unknown>>
}

export interface GroupDraft extends OfNode {
  readonly kind: 'any' | 'all'
  readonly nodes: readonly NodeDraft[]
}

/** A node of an expression as a form has it, complete or not. */
export type NodeDraft = TextDraft | LikeDraft | GivenDraft | GroupDraft

export const emptyText: TextDraft = { kind: 'text', text: '', not: false, weight: undefined }
export const emptyLike: LikeDraft = { kind: 'like', ids: '', not: false, weight: undefined }

/** What the form begins with: of a text, the group of that text and another. */
export function draftOf(query: LabQuery): GroupDraft | undefined {
  if (typeof query === 'string') {
    return { kind: 'any', not: false, weight: undefined, nodes: [{ ...emptyText, text: query }, emptyText] }
  }
  const draft = nodeDraft(query)
  return draft !== undefined && isGroup(draft) && !draft.not ? draft : undefined
}

export function isGroup(draft: NodeDraft): draft is GroupDraft {
  return draft.kind === 'any' || draft.kind === 'all'
}

/** @returns undefined for a node that the form cannot show; such an expression is shown as JSON */
function nodeDraft(node: unknown): NodeDraft | undefined {
  if (typeof node === 'string') return { ...emptyText, text: node }
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined
  const { weight, ...said } = node as Readonly<Record<string, unknown>>
  const [[kind, value] = [], more] = Object.entries(said)
  if (more !== undefined || (weight !== undefined && typeof weight !== 'number')) return undefined
  if (kind === 'text' && typeof value === 'string') return { kind, text: value, not: false, weight }
  if (kind === 'like' && Array.isArray(value) && value.every(id => typeof id === 'string')) {
    return { kind, ids: typedValues(value), not: false, weight }
  }
  if (kind === 'not') {
    const inner = nodeDraft(value)
    // One weight is shown of each line.
    return inner === undefined || inner.not || inner.weight !== undefined ? undefined : { ...inner, not: true, weight }
  }
  if (kind === 'any' || kind === 'all') {
    const nodes = Array.isArray(value) ? value.map(nodeDraft) : [undefined]
    return nodes.includes(undefined) ? undefined : { kind, nodes: nodes as NodeDraft[], not: false, weight }
  }
  return kind === undefined ? undefined : { kind: 'given', node: said, not: false, weight }
}

/** The expression of a form; texts that are still empty are left out, and groups of nothing. */
export function queryOf(draft: NodeDraft): LabQuery | undefined {
  const { not, weight } = draft
  const content = contentOf(draft)
  if (content === undefined) return undefined
  const weighted = weight === undefined ? {} : { weight }
  if (not) return { not: content, ...weighted } as LabQuery
  if (typeof content === 'string') return weight === undefined ? content : { text: content, weight }
  return { ...content, ...weighted } as LabQuery
}

function contentOf(draft: NodeDraft): string | object | undefined {
  if (draft.kind === 'text') return draft.text.trim() === '' ? undefined : draft.text
  if (draft.kind === 'given') return draft.node
  if (draft.kind === 'like') {
    const like = valuesIn(draft.ids)
    return like.length === 0 ? undefined : { like }
  }
  const nodes = draft.nodes.map(queryOf).filter(node => node !== undefined)
  return nodes.length === 0 ? undefined : { [draft.kind]: nodes }
}

/** Why a coordinator would refuse the expression, as far as a form can tell; undefined where it would not. */
export function faultOfDraft(draft: GroupDraft): string | undefined {
  const leaves = leavesIn(draft)
  if (leaves === 0) return 'give at least one text'
  if (leaves > leavesMax) return `it has ${leaves} leaves; at most ${leavesMax} are allowed`
  if (depthOf(draft) > expressionDepthMax)
    return `it is ${depthOf(draft)} deep; at most ${expressionDepthMax} are allowed`
  return faultWithin(draft)
}

function faultWithin({ nodes }: GroupDraft): string | undefined {
  const filled = nodes.filter(node => contentOf(node) !== undefined)
  if (filled.length > 0 && filled.every(({ not }) => not))
    return 'a group needs something to find beside what it takes away'
  const heavy = filled.find(({ weight = 1 }) => !(weight >= 1 / nodeWeightMax && weight <= nodeWeightMax))
  if (heavy !== undefined) return `a weight is 1/${nodeWeightMax} to ${nodeWeightMax}, not ${heavy.weight}`
  return filled
    .filter(isGroup)
    .map(faultWithin)
    .find(fault => fault !== undefined)
}

function leavesIn(draft: NodeDraft): number {
  if (isGroup(draft)) return draft.nodes.reduce((sum, node) => sum + leavesIn(node), 0)
  return contentOf(draft) === undefined ? 0 : 1
}

/** As the API counts: the outermost node is one, and `not` is one by itself. */
export function depthOf(draft: NodeDraft): number {
  const own = draft.not ? 2 : 1
  return isGroup(draft) ? own + Math.max(0, ...draft.nodes.map(depthOf)) : own
}

/** What the leaf at a place such as `any[1].all[0]` says, in a few words. */
export function leafAt(query: LabQuery, path: string): string {
  let node: unknown = query
  for (const [, name, place] of path.matchAll(/(\w+)|\[(\d+)\]/g)) {
    const within: Readonly<Record<string, unknown>> = typeof node === 'object' && node !== null ? { ...node } : {}
    node = within[name ?? place!]
  }
  if (typeof node === 'string') return node
  if (typeof node !== 'object' || node === null) return path
  const { weight: _, ...said } = node as Readonly<Record<string, unknown>>
  const [[kind, value] = []] = Object.entries(said)
  if (kind === 'text') return String(value)
  if (kind === 'like' && Array.isArray(value)) return `like ${value.join(', ')}`
  return kind === undefined ? path : `a ${kind}`
}

/** The first text of an expression, wherever it stands; empty where there is none. */
export function firstText(node: unknown): string {
  if (typeof node === 'string') return node
  if (typeof node !== 'object' || node === null) return ''
  const within = 'vector' in node || 'qnet' in node || 'like' in node ? [] : Object.values(node)
  return within.map(firstText).find(text => text !== '') ?? ''
}

/** The query, with a document that hits are to be like, or not like, beside what it finds. */
export function withLike(query: LabQuery, id: string, { not }: { readonly not: boolean }): LabQuery {
  const like = not ? { not: { like: [id] } } : { like: [id] }
  if (typeof query === 'string' || query.weight !== undefined) return { any: [query, like] }
  if ('any' in query && query.any !== undefined) return { any: [...query.any, like] }
  if (not && 'all' in query && query.all !== undefined) return { all: [...query.all, like] }
  return { any: [query, like] }
}
