import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { HypershardError, messageOf, toUserFileFailure } from '@hypershard/common'
import type { QueryNode, SearchRequest } from '@hypershard/contract'
import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

/** What is searched for, as given on the command line. */
export interface QueryOptions {
  readonly any?: readonly string[]
  readonly all?: readonly string[]
  readonly not?: readonly string[]
  readonly like?: readonly string[]
  readonly queryJson?: string
}

export type SearchedFor = Pick<SearchRequest, 'query' | 'like'>

/** Adds them to a command that searches. */
export function addQueryOptions(command: Command): Command {
  return command
    .option('--any <text>', 'one of several texts, of which the best counts; may be given again', several)
    .option('--all <text>', 'a text that must match as well as all others; may be given again', several)
    .option('--not <text>', 'a text that must not match; may be given again', several)
    .option('--like <id>', 'a document that hits must be near to; may be given again', several)
    .option('--query-json <file>', 'a query as the HTTP API has it, of a file or, with `-`, of standard input')
}

function several(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/**
 * What was given, as a request has it; undefined where nothing was. All of it must match, and of `--any` the best counts:
 * words and the like make up an `all`, with one `any` in it.
 * @throws HypershardError `invalid_request` for what does not go together, and for a file that holds no JSON
 */
export async function searchedFor(
  context: CommandContext,
  words: readonly string[],
  { any = [], all = [], not = [], like = [], queryJson }: QueryOptions,
): Promise<SearchedFor | undefined> {
  const texts = words.length === 0 ? [] : [words.join(' ')]
  const [first, ...more] = [
    ...texts,
    ...(any.length === 0 ? [] : [{ any: [...any] }]),
    ...all,
    ...(like.length === 0 ? [] : [{ like: [...like] }]),
  ] as QueryNode[]
  if (queryJson !== undefined) {
    if (first === undefined && not.length === 0) return { query: await readExpression(context, queryJson) }
    throw new HypershardError('invalid_request', '--query-json holds the whole query: leave words and the others out')
  }
  if (first === undefined) {
    if (not.length === 0) return undefined
    throw new HypershardError('invalid_request', '--not takes away from what matches; say with words what is to match')
  }
  if (more.length + not.length > 0) return { query: { all: [first, ...more, ...not.map(text => ({ not: text }))] } }
  return like.length === 1 ? { like: { id: like[0]! } } : { query: first }
}

async function readExpression({ surroundings: { stdin } }: CommandContext, path: string): Promise<QueryNode> {
  const written = await (path === '-' ? textOf(stdin) : readFile(path, 'utf8')).catch(error => {
    throw toUserFileFailure(path, 'read', error)
  })
  try {
    // The coordinator says what is wrong in it, and where.
    return JSON.parse(written)
  } catch (error) {
    const where = path === '-' ? 'standard input' : path
    throw new HypershardError('invalid_request', `--query-json: ${where}: not JSON: ${messageOf(error)}`)
  }
}
