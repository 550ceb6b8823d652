/** The expression of a composed query, as a request has it. Whatever is wrong is named by its place: `query.any[2].weight`. */
import { createHash } from 'node:crypto'
import { HypershardError } from '@hypershard/common'
import {
  expressionDepthMax,
  type LeafKind,
  leafSchemas,
  leavesMax,
  likedDocumentsMax,
  nodeWeightMax,
  operators,
  type QueryNode,
} from '@hypershard/contract'
import type { FilterJson } from '../../access/caller.ts'
import { type OwnQuery, readOwnQuery } from '../../vectors/own-query.ts'

export type ExpressionNode =
  | { readonly kind: 'leaf'; readonly weight: number; readonly leaf: number }
  | { readonly kind: 'any' | 'all'; readonly weight: number; readonly nodes: readonly ExpressionNode[] }
  | { readonly kind: 'not'; readonly weight: number; readonly node: ExpressionNode }

/** What is encoded by itself, is a q-net already, or is made of documents. */
export type Leaf = { readonly path: string } & (
  | { readonly text: string; readonly own?: undefined; readonly like?: undefined }
  | { readonly own: OwnQuery; readonly text?: undefined; readonly like?: undefined }
  | { readonly like: readonly string[]; readonly text?: undefined; readonly own?: undefined }
)

export interface ComposedSearch {
  /** Two at least, or one with a weight, or of documents. */
  readonly leaves: readonly Leaf[]
  readonly root: ExpressionNode
  /** Its content, for cursors and kept answers, which are of one manifest version: there documents have one content. */
  readonly name: string
  /** They must pass this: the filter of the tenant who asks. */
  readonly within?: FilterJson | undefined
}

/** What of a search says what to search for: one of these. */
export interface WhatToFind {
  readonly query?: string | undefined
  readonly own?: OwnQuery | undefined
  readonly composed?: ComposedSearch | undefined
  /** Documents that its leaves are made of, each once; undefined for none. */
  readonly liked?: readonly string[] | undefined
}

/** Where a node stands, and what all nodes fill. */
interface Place {
  /** Of the node, within the query; empty for the outermost. */
  readonly path: string
  readonly depth: number
  readonly leaves: Leaf[]
}

/**
 * A leaf alone, without a weight, is the search of that leaf: it has that one's scores.
 * @throws HypershardError `invalid_request`, and what reading a query that needs no encoding throws
 */
export function readExpression(query: QueryNode): WhatToFind {
  if (typeof query === 'string') return { query }
  const leaves: Leaf[] = []
  const root = readNode(query, { path: '', depth: 1, leaves })
  if (root.kind === 'not')
    throw invalid('', '`not` alone finds nothing; put it inside of `any` or `all`, beside what to find')
  const [first] = leaves
  if (leaves.length === 1 && isPlain(root) && first!.like === undefined) {
    return first!.own === undefined ? { query: first!.text } : { own: first!.own }
  }
  const liked = [...new Set(leaves.flatMap(({ like }) => like ?? []))]
  if (liked.length > likedDocumentsMax) {
    throw invalid('', `is like ${liked.length} documents, at most ${likedDocumentsMax} are allowed`)
  }
  const content = JSON.stringify([leaves.map(({ text, own, like }) => own?.name ?? { text, like }), root])
  const name = createHash('sha256').update('composed').update(content).digest('base64')
  return { composed: { leaves, root, name }, liked: liked.length === 0 ? undefined : liked }
}

/** Whether nothing but its leaf decides, where it has one alone. */
export function isPlain(node: ExpressionNode): boolean {
  if (node.weight !== 1 || node.kind === 'not') return false
  return node.kind === 'leaf' || node.nodes.every(isPlain)
}

function readNode(node: unknown, place: Place): ExpressionNode {
  if (place.depth > expressionDepthMax) {
    throw invalid(place.path, `stands ${place.depth} deep, at most ${expressionDepthMax} are allowed`)
  }
  if (typeof node === 'string') return addLeaf('text', node, { ...place, weight: 1, at: place.path })
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw invalid(place.path, 'must be a text or an object')
  }
  // A key that is null counts as left out, as anywhere in a request.
  const { weight = 1, ...said } = Object.fromEntries(Object.entries(node).filter(([, value]) => value !== null))
  const kind = kindOf(Object.keys(said), place.path)
  const own = { ...place, weight: weightOf(weight, place.path), at: at(place.path, kind) }
  if (kind === 'not') {
    const inner = readNode(said[kind], inside(own, own.at))
    if (inner.kind === 'not') throw invalid(own.at, '`not` stands inside of `any` or `all`; take both away')
    return { kind, weight: own.weight, node: inner }
  }
  if (kind === 'any' || kind === 'all') return readNodes(kind, said[kind], own)
  return addLeaf(kind, said[kind], own)
}

const kinds = [...operators, ...(Object.keys(leafSchemas) as LeafKind[])] as const
type Kind = (typeof kinds)[number]

function kindOf(keys: readonly string[], path: string): Kind {
  const unknown = keys.find(key => !kinds.includes(key as Kind))
  if (unknown !== undefined)
    throw invalid(at(path, unknown), `not known; a node has one of ${kinds.join(', ')}, and weight`)
  if (keys.length === 1) return keys[0] as Kind
  if (keys.length === 0) throw invalid(path, `says nothing; give one of ${kinds.join(', ')}`)
  throw invalid(path, `has ${keys.join(' and ')}; a node is one of them`)
}

/** NaN and infinities, which JSON has not, come over gRPC. */
function weightOf(weight: unknown, path: string): number {
  if (typeof weight === 'number' && weight >= 1 / nodeWeightMax && weight <= nodeWeightMax) return weight
  throw invalid(
    at(path, 'weight'),
    `must be a number, 1/${nodeWeightMax} to ${nodeWeightMax}, not ${JSON.stringify(weight)}`,
  )
}

interface OwnPlace extends Place {
  readonly weight: number
  /** Where its content stands. */
  readonly at: string
}

function inside({ depth, leaves }: Place, path: string): Place {
  return { path, depth: depth + 1, leaves }
}

function readNodes(kind: 'any' | 'all', given: unknown, place: OwnPlace): ExpressionNode {
  if (!Array.isArray(given)) throw invalid(place.at, 'must be a list of nodes')
  if (given.length === 0) throw invalid(place.at, 'is empty; give it a node, or leave it out')
  // Each has a leaf at least; so many are not even read.
  if (given.length > leavesMax) throw tooMany(`${place.at}[${leavesMax}]`)
  const nodes = given.map((node, number) => readNode(node, inside(place, `${place.at}[${number}]`)))
  if (nodes.every(node => node.kind === 'not'))
    throw invalid(place.at, 'only excludes; give it a node that is not inside of `not`')
  return { kind, weight: place.weight, nodes }
}

function addLeaf(kind: LeafKind, given: unknown, { path, leaves, weight, at: where }: OwnPlace): ExpressionNode {
  if (leaves.length === leavesMax) throw tooMany(path)
  leaves.push({ path, ...contentOf(kind, given, { path, where }) })
  return { kind: 'leaf', weight, leaf: leaves.length - 1 }
}

function contentOf(kind: LeafKind, given: unknown, place: { readonly path: string; readonly where: string }) {
  const parsed = leafSchemas[kind].safeParse(given)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw invalid(
      path.reduce<string>(
        (where, key) => (typeof key === 'number' ? `${where}[${key}]` : `${where}.${String(key)}`),
        place.where,
      ),
      message,
    )
  }
  if (kind === 'text') return { text: parsed.data as string }
  if (kind === 'like') return { like: parsed.data as string[] }
  return { own: naming(place.path, () => readOwnQuery({ [kind]: parsed.data })!) }
}

/**
 * Does what is told of a query alone, which names `vector` or `qnet`, for one that stands at a place.
 * @throws HypershardError what it throws, with the place
 */
export function naming<Result>(path: string, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof HypershardError)) throw error
    const message = `${whole(path)}.${error.message}`
    throw new HypershardError(error.code, message, { details: { ...error.details, path: whole(path) }, cause: error })
  }
}

function tooMany(path: string): HypershardError {
  return invalid(path, `at most ${leavesMax} leaves are allowed`)
}

function at(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function whole(path: string): string {
  return path === '' ? 'query' : `query.${path}`
}

function invalid(path: string, message: string): HypershardError {
  return new HypershardError('invalid_request', `${whole(path)}: ${message}`, { details: { path: whole(path) } })
}
