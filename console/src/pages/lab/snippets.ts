import type { SearchRequest } from '@hypershard/contract'
import { printExact } from '../../api/parse-exact.ts'

export interface SnippetParts {
  /** Of the coordinator, with a slash at its end. */
  readonly url: string
  readonly index: string
  readonly request: SearchRequest
  /** Whether the coordinator asks for keys: the code then reads one from where it is run; it never has one in it. */
  readonly keyNeeded: boolean
}

/** The environment variable that all of hypershard's own programs read a key from. */
const keyVariable = 'HYPERSHARD_API_KEY'

/** Of the program that the code is copied into. */
const environment = `process.env`

/** A search as a command for a shell. */
export function curlOf({ url, index, request, keyNeeded }: SnippetParts): string {
  const lines = [
    `curl -sS ${quoted(`${url}v1/indexes/${encodeURIComponent(index)}/search`)}`,
    ...(keyNeeded ? [`-H "Authorization: Bearer $${keyVariable}"`] : []),
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(printExact(request))}`,
  ]
  return lines.join(' \\\n  ')
}

/** The same with hypershard's Python client. */
export function pythonOf({ url, index, request, keyNeeded }: SnippetParts): string {
  const given = Object.entries(request).map(([name, value]) => `    ${name}=${pythonValue(value, 4)},`)
  return [
    ...(keyNeeded ? ['import os', ''] : []),
    'from hypershard import Client',
    '',
    `client = Client(${JSON.stringify(url)}${keyNeeded ? `, api_key=os.environ["${keyVariable}"]` : ''})`,
    'answer = client.search(',
    `    ${pythonValue(index, 4)},`,
    ...given,
    ')',
    ...(request.group_by === undefined
      ? ['for hit in answer.hits:', '    print(hit.score, hit.id)']
      : ['for group in answer.groups:', '    for hit in group.hits:', '        print(group.value, hit.score, hit.id)']),
    ...(request.facets === undefined
      ? []
      : ['for facet in answer.facets:', '    print(facet.field, [(one.value, one.count) for one in facet.values])']),
  ].join('\n')
}

/** The same with hypershard's TypeScript client. */
export function typescriptOf({ url, index, request, keyNeeded }: SnippetParts): string {
  const key = keyNeeded ? `, key: ${environment}.${keyVariable}` : ''
  return [
    `import { HypershardClient } from '@hypershard/client'`,
    '',
    `const client = new HypershardClient({ url: ${JSON.stringify(url)}${key} })`,
    `const answer = await client.search(${JSON.stringify(index)}, ${printExact(request, 2)})`,
    ...(request.group_by === undefined
      ? ['for (const { id, score } of answer.hits) console.log(score, id)']
      : [
          'for (const { value, hits } of answer.groups ?? [])',
          '  for (const { id, score } of hits) console.log(value, score, id)',
        ]),
    ...(request.facets === undefined
      ? []
      : ['for (const { field, values } of answer.facets ?? []) console.log(field, values)']),
  ].join('\n')
}

/** One word of a shell, whatever it has in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** A value of JSON as Python writes it; strings of JSON are strings of Python, but for halves of surrogate pairs. */
function pythonValue(value: unknown, indent: number): string {
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (value === null) return 'None'
  if (typeof value !== 'object') return printExact(value)
  const pad = ' '.repeat(indent + 4)
  const end = ' '.repeat(indent)
  const parts = Array.isArray(value)
    ? value.map(each => `${pad}${pythonValue(each, indent + 4)},`)
    : Object.entries(value as object).map(
        ([name, each]) => `${pad}${JSON.stringify(name)}: ${pythonValue(each, indent + 4)},`,
      )
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return parts.length === 0 ? `${open}${close}` : [open, ...parts, `${end}${close}`].join('\n')
}
