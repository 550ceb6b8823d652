/** What of the Python client is written by nobody: types, methods and exceptions, from the routes and the contract. */
import { type Operation, operations } from '@hypershard/client'
import { errorCatalogue } from '@hypershard/common'
import * as contract from '@hypershard/contract'
import { batchHitsMax, batchSearchesMax, hitsMax, lineErrorsMax, searchMsDefault } from '@hypershard/contract/limits'
import { publicRoutes } from '@hypershard/coordinator/routes'
import { docstring, type Schema, schemaOf, TypeWriter, toPascalCase, toSnakeCase } from './python-types.ts'

type Route = ReturnType<typeof publicRoutes>[number]

/** Written by hand: what they take or give is a stream. */
const byHand: ReadonlySet<string> = new Set(['putDocuments', 'watchGeneration'])

/** Made repeatable by an idempotency key, which the client makes unless it is given one. */
const keyed: ReadonlySet<string> = new Set(['deleteByFilter', 'deleteDocuments'])

const header = '# Made by `npm run generate` from contract/ and the routes of the coordinator; do not edit.'

/** File names, relative to clients/python/src/hypershard, and what they hold. */
export function renderPythonClient(): ReadonlyMap<string, string> {
  return new Map([
    ['_generated.py', renderOperations()],
    ['_problems.py', renderProblems()],
    ['_limits.py', renderLimits()],
  ])
}

function renderOperations(): string {
  const writer = new TypeWriter()
  const routes = publicRoutes(anything() as never, anything() as never)
  const methods = routes.filter(({ id }) => id in operations && !byHand.has(id)).map(route => methodOf(route, writer))
  writer.answer(contract.writeReportSchema, 'WriteReport')
  writer.answer(contract.writeProgressSchema, 'WriteProgress')
  const lines = [
    header,
    'from __future__ import annotations',
    '',
    'from collections.abc import AsyncIterator, Iterator, Mapping, Sequence',
    'from typing import Any, Literal',
    '',
    'from pydantic import Field',
    'from typing_extensions import NotRequired, TypedDict, Unpack',
    '',
    'from hypershard._answer import Answer',
    'from hypershard._call import AsyncCaller, Operation, SyncCaller, make_key',
    'from hypershard._errors import Problem',
    'from hypershard._vectors import Base64, Vector, VectorAnswer',
    ...writer.classes,
    '',
    '',
    'OPERATIONS: dict[str, Operation] = {',
    ...Object.entries(operations as Readonly<Record<string, Operation>>).map(([id, operation]) =>
      operationLine(
        id,
        operation,
        routes.find(route => route.id === id),
      ),
    ),
    '}',
    ...classOf('SyncOperations', 'SyncCaller', methods, false),
    ...classOf('AsyncOperations', 'AsyncCaller', methods, true),
    ...exported(writer.names),
  ]
  return `${lines.join('\n')}\n`
}

function exported(names: Iterable<string>): string[] {
  return ['', '', '__all__ = [', ...[...names].sort().map(name => `    "${name}",`), ']']
}

function renderLimits(): string {
  const lines = [
    header,
    '"""Limits of the API that the client keeps to."""',
    '',
    `HITS_MAX = ${hitsMax}`,
    `BATCH_SEARCHES_MAX = ${batchSearchesMax}`,
    `BATCH_HITS_MAX = ${batchHitsMax}`,
    `LINE_ERRORS_MAX = ${lineErrorsMax}`,
    `SEARCH_S_DEFAULT = ${searchMsDefault / 1_000}`,
  ]
  return `${lines.join('\n')}\n`
}

function operationLine(
  id: string,
  { method, path, repeatable, answerMsMax }: Operation,
  route: Route | undefined,
): string {
  const { body } = route ?? {}
  const timed = body !== undefined && body !== 'ndjson' && schemaOf(body, 'input').properties?.timeout_ms !== undefined
  const flags = [...(repeatable ? ['repeatable=True'] : []), ...(timed ? ['timed_by_body=True'] : [])]
  const words = [`"${method}"`, `"${path}"`, `seconds_max=${answerMsMax / 1_000}`, ...flags]
  return `    "${id}": Operation(${words.join(', ')}),`
}

/** A class of its own for every code that a coordinator may answer with. */
function renderProblems(): string {
  const codes = Object.entries(errorCatalogue)
  const lines = [
    header,
    '"""One exception for every code of docs/errors.md."""',
    '',
    'from __future__ import annotations',
    '',
    'from hypershard._errors import ServerProblem',
    ...codes.flatMap(([code, { title }]) => [
      '',
      '',
      `class ${toPascalCase(code)}(ServerProblem):`,
      `    ${docstring(`${title}.`)}`,
    ]),
    '',
    '',
    'PROBLEMS: dict[str, type[ServerProblem]] = {',
    ...codes.map(([code]) => `    "${code}": ${toPascalCase(code)},`),
    '}',
    ...exported(codes.map(([code]) => toPascalCase(code))),
  ]
  return `${lines.join('\n')}\n`
}

/** Stands for a coordinator: routes are described, and none is called. */
function anything(): unknown {
  return new Proxy(() => undefined, { get: () => anything() })
}

interface Method {
  readonly name: string
  readonly id: string
  readonly summary: string
  readonly parameters: readonly string[]
  readonly path: readonly string[]
  readonly query: readonly string[]
  readonly body: string | undefined
  readonly answer: string | undefined
  /** Of an answer with `next_cursor`: the member with what is on a page, and the type of that. */
  readonly paged: { readonly member: string; readonly item: string } | undefined
}

function methodOf(route: Route, writer: TypeWriter): Method {
  const { id, summary, params, query, body, answer } = route
  const path = Object.keys(params.shape)
  // An answer with progress is a stream.
  const queries = Object.entries(schemaOf(query, 'input').properties ?? {}).filter(([one]) => one !== 'progress')
  const name = toPascalCase(id)
  const bodyType = body === undefined || body === 'ndjson' ? undefined : writer.request(body, `${name}Request`)
  return {
    id,
    summary,
    name: toSnakeCase(id),
    path,
    query: queries.map(([one]) => one),
    body: bodyType,
    parameters: [
      ...path.map(one => `${one}: ${one === 'generation' ? 'int' : 'str'}`),
      '*',
      ...queries.map(([one, own]) => `${one}: ${queryTypeOf(own, writer)} | None = None`),
      ...(keyed.has(id) ? ['idempotency_key: str | None = None'] : []),
      'timeout: float | None = None',
      ...(bodyType === undefined ? [] : [`**body: Unpack[${bodyType}]`]),
    ],
    answer: answer.schema === undefined ? undefined : writer.answer(answer.schema, `${name}Answer`),
    paged: pagedOf(route, writer),
  }
}

function pagedOf({ id, answer }: Route, writer: TypeWriter): Method['paged'] {
  const { properties, required = [] } = answer.schema === undefined ? {} : schemaOf(answer.schema, 'output')
  if (properties?.next_cursor === undefined) return undefined
  const list = Object.entries(properties).find(
    ([name, { items }]) => required.includes(name) && items?.properties !== undefined,
  )
  if (list === undefined) throw new Error(`${id}: next_cursor without a list of what is on the page`)
  const [member, { items = {} }] = list
  return { member, item: writer.typeOf(items, { name: `${toPascalCase(id)}Item`, asked: false, nested: true }) }
}

/** A query string has words for what is a truth value or a number in Python. */
function queryTypeOf(schema: Schema, writer: TypeWriter): string {
  if (JSON.stringify(schema.enum) === '["true","false"]') return 'bool'
  return schema.pattern?.startsWith('^\\d') === true ? 'int' : writer.typeOf(schema, { name: '', asked: true })
}

function classOf(name: string, base: string, methods: readonly Method[], isAsync: boolean): string[] {
  const [define, call] = isAsync ? ['async def', 'await self'] : ['def', 'self']
  const lines = methods.flatMap(one => {
    const { name: method, id, summary, parameters, path, query, body, answer } = one
    const dict = (members: readonly string[]) => `{${members.map(one => `"${one}": ${one}`).join(', ')}}`
    const sent = [
      `OPERATIONS["${id}"]`,
      ...(path.length === 0 ? [] : [`path=${dict(path)}`]),
      ...(query.length === 0 ? [] : [`query=${dict(query)}`]),
      ...(body === undefined ? [] : ['body=body']),
      ...(keyed.has(id) ? ['idempotency_key=idempotency_key or make_key()'] : []),
      'timeout=timeout',
    ].join(', ')
    return [
      '',
      `    ${define} ${method}(${['self', ...parameters].join(', ')}) -> ${answer ?? 'None'}:`,
      `        ${docstring(`${summary}.`)}`,
      answer === undefined
        ? `        ${call}._call_for_nothing(${sent})`
        : `        return ${call}._call(${answer}, ${sent})`,
      ...pagesOf(one, isAsync),
    ]
  })
  return [
    '',
    '',
    `class ${name}(${base}):`,
    '    """Every operation that takes and gives one JSON document."""',
    ...lines,
  ]
}

/** Iterators over an answer that has pages. */
function pagesOf({ name, summary, parameters, path, answer, paged }: Method, isAsync: boolean): string[] {
  if (paged === undefined) return []
  const [prefix, wait, kind] = isAsync ? ['async ', 'await ', 'AsyncIterator'] : ['', '', 'Iterator']
  const taken = ['self', ...parameters].join(', ')
  const given = [...path, 'timeout=timeout', '**body'].join(', ')
  const each = isAsync
    ? [`            for one in page.${paged.member}:`, '                yield one']
    : [`            yield from page.${paged.member}`]
  return [
    '',
    `    ${prefix}def ${name}_pages(${taken}) -> ${kind}[${answer}]:`,
    `        ${docstring(`${summary}: page after page of one manifest version, each asked for when it is wanted.`)}`,
    '        while True:',
    `            answer = ${wait}self.${name}(${given})`,
    '            yield answer',
    '            if answer.next_cursor is None:',
    '                return',
    '            body["cursor"] = answer.next_cursor',
    '',
    `    ${prefix}def ${name}_all(${taken}) -> ${kind}[${paged.item}]:`,
    `        ${docstring(`${summary}: one after the other over all pages, to the end; stop when you have enough.`)}`,
    `        ${prefix}for page in self.${name}_pages(${given}):`,
    ...each,
  ]
}
