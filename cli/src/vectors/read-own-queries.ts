import { HypershardError, messageOf } from '@hypershard/common'
import { qnetSchema, type SearchRequest } from '@hypershard/contract'
import { forEachLine, LineProblem, textFile } from '@hypershard/evaluation'
import { openVectorFile } from './open-vector-file.ts'

/** What is searched for in the place of a text. */
export type OwnQuery = Pick<SearchRequest, 'vector' | 'qnet'>

export interface OwnQueryOptions {
  readonly queryVectors?: string
  readonly tensor?: string
  readonly queryQnets?: string
}

/** All queries of a file are in memory. */
const queriesMax = 100_000
const qnetBytesMax = 2 ** 30

const bounds = { lineCharactersMax: 32 * 1024 * 1024, linesMax: queriesMax, comments: false }

/**
 * Queries that nothing encodes: the rows of a file of vectors, each named by its number from 0, or q-nets, a JSON object a
 * line with `id` and `qnet` as a search has it.
 * @returns undefined where no file of either is named
 * @throws HypershardError `invalid_request` with the file, and the line of a q-net that is none
 */
export async function readOwnQueries(options: OwnQueryOptions): Promise<ReadonlyMap<string, OwnQuery> | undefined> {
  const { queryVectors, tensor, queryQnets } = options
  if (queryVectors !== undefined) return readVectors(queryVectors, tensor)
  return queryQnets === undefined ? undefined : readQNets(queryQnets)
}

async function readVectors(path: string, tensor: string | undefined): Promise<ReadonlyMap<string, OwnQuery>> {
  const file = await openVectorFile(path, tensor)
  if (file.rows > queriesMax) {
    throw new HypershardError('invalid_request', `${path} has ${file.rows} rows, at most ${queriesMax} are asked`)
  }
  const queries = new Map<string, OwnQuery>()
  for await (const row of file.readRows()) queries.set(`${queries.size}`, { vector: row.toString('base64') })
  return queries
}

/** @throws HypershardError `invalid_request` */
export async function readQNets(
  path: string,
): Promise<ReadonlyMap<string, OwnQuery & Pick<Required<OwnQuery>, 'qnet'>>> {
  const queries = new Map<string, OwnQuery & Pick<Required<OwnQuery>, 'qnet'>>()
  let bytes = 0
  await forEachLine(textFile(path), bounds, line => {
    const { id, qnet } = parse(line)
    if (queries.has(id)) throw new LineProblem(`q-net \`${id}\` stands there twice; keep one`)
    bytes += line.length
    if (bytes > qnetBytesMax) throw new LineProblem(`the q-nets have more than ${qnetBytesMax} bytes; use fewer`)
    queries.set(id, { qnet })
  })
  if (queries.size === 0) throw new HypershardError('invalid_request', `${path} has no q-nets in it`)
  return queries
}

function parse(line: string) {
  let value: { id?: unknown; qnet?: unknown }
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new LineProblem(`not JSON: ${messageOf(error)}`)
  }
  const { id, qnet } = value ?? {}
  if (typeof id !== 'string') throw new LineProblem('expected `{"id": "…", "qnet": {"weights": "…"}}`')
  const parsed = qnetSchema.safeParse(qnet)
  if (parsed.success) return { id, qnet: parsed.data }
  throw new LineProblem(parsed.error.issues.map(({ path, message }) => `qnet.${path.join('.')}: ${message}`).join('; '))
}
