import { type ErrorCode, errorCatalogue } from '@hypershard/common'
import { problemSchema } from '@hypershard/contract'
import { z } from 'zod'
import { problemContentType } from './problem.ts'
import { type DocumentedAnswer, type Route, streamTypes } from './route.ts'

type Json = Record<string, unknown>

/** What any route may answer. */
const commonErrors: readonly ErrorCode[] = ['invalid_request', 'internal', 'unavailable', 'deadline_exceeded']
/** What any route may answer that asks for a key. */
const keyErrors: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'rate_limited']
const bodyErrors: readonly ErrorCode[] = [
  'request_too_large',
  'unsupported_media_type',
  'unsupported_encoding',
  'overloaded',
]

/** The OpenAPI 3.1 document of the routes, from the schemas that check their requests. */
export function buildOpenApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Json> = {}
  for (const route of routes)
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'hypershard',
      version,
      description: 'Distributed retrieval for models whose query is a neural network.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemSchema, 'output') },
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'hs_<id>_<secret>',
          description: 'An API key, where the coordinator asks for one. Each operation names the scope that it needs.',
        },
      },
    },
  }
}

function operationOf(route: Route): Json {
  const { status, description } = route.answer
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    // Names of roles are allowed here since OpenAPI 3.1.
    security: route.scope === 'public' ? [] : [{ key: [route.scope] }],
    'x-access': { whole_cluster: route.wholeCluster === true, keeps_to_filter: route.keepsToFilter === true },
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === undefined ? {} : { requestBody: bodyOf(route.body) }),
    responses: { [status]: { description, ...contentOf(route.answer) }, ...problemsOf(route) },
  }
}

function contentOf({ schema, stream }: DocumentedAnswer): Json {
  const json = schema === undefined ? {} : { 'application/json': { schema: schemaOf(schema, 'output') } }
  if (stream === undefined) return schema === undefined ? {} : { content: json }
  const { type, is } = streamTypes[stream]
  return { content: { ...json, [type]: { schema: { type: 'string', description: is } } } }
}

function parametersOf(schema: z.ZodObject, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, own]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: own,
  }))
}

function bodyOf(body: z.ZodType | 'ndjson'): Json {
  const content =
    body === 'ndjson'
      ? {
          'application/x-ndjson': { schema: { type: 'string', description: 'One JSON object a line.' } },
          'application/json': { schema: { type: 'array', items: { type: 'object' } } },
        }
      : { 'application/json': { schema: schemaOf(body, 'input') } }
  return { required: true, content }
}

/** One response a status; where codes share a status the description names them all. */
function problemsOf({ scope, body, errors }: Route): Json {
  const ofKeys = scope === 'public' ? [] : keyErrors
  const codes = new Set([...commonErrors, ...ofKeys, ...(body === undefined ? [] : bodyErrors), ...errors])
  const byStatus = Map.groupBy(codes, code => errorCatalogue[code].http)
  const content = { [problemContentType]: { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus].map(([status, theirs]) => {
      const description = theirs.map(code => `\`${code}\`: ${errorCatalogue[code].title}`).join('; ')
      return [status, { description, content }]
    }),
  )
}

/**
 * JSON Schema 2020-12, which OpenAPI 3.1 is made of; `io` matters for values with a default: a request may leave them
 * out, an answer always has them.
 */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
