import { HypershardError } from '@hypershard/common'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type ConsoleFiles, encodingFor } from './console-files.ts'

/**
 * Scripts and styles are files of this server, requests go to it alone, nothing stands in the page itself, and no script
 * makes markup of a text.
 */
const policy = [
  "default-src 'none'",
  ...['script', 'style', 'img', 'connect'].map(kind => `${kind}-src 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map(kind => `${kind} 'none'`),
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const yearSeconds = 365 * 24 * 3_600

/** The console at `/console/`. Its files are the same for everybody and hold no secret: they need no key. */
export function serveConsole(app: FastifyInstance, files: ConsoleFiles): void {
  // Relative, for a proxy that serves the API below a path of its own.
  app.get('/console', async (_request, reply) => reply.code(308).header('location', 'console/').send())
  app.get<{ Params: { '*': string } }>('/console/*', async (request, reply) => send(files, request, reply))
}

function send(
  files: ConsoleFiles,
  request: FastifyRequest<{ Params: { '*': string } }>,
  reply: FastifyReply,
): FastifyReply {
  const file = files.get(request.params['*'])
  if (file === undefined) {
    const built = files.size > 0
    const message = built
      ? 'the console has no such file; open /console/'
      : 'the console was not built; run npm start once'
    throw new HypershardError('route_not_found', message)
  }
  const encoding = encodingFor(file, request.headers['accept-encoding'])
  const etag = `"${file.digest}${encoding === undefined ? '' : `-${encoding}`}"`
  reply.headers({
    'content-security-policy': policy,
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': file.lasting ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
    vary: 'Accept-Encoding',
    etag,
  })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  if (encoding === undefined) return reply.type(file.type).send(file.bytes)
  return reply.type(file.type).header('content-encoding', encoding).send(file.encoded[encoding])
}
