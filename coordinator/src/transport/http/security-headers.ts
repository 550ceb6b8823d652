import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

const hstsSeconds = 365 * 24 * 3_600

/**
 * What browsers are told: nothing of an answer runs, is framed, or is taken for another type; and over HTTPS, that it stays
 * so. Who may read answers from a page of another origin is CORS' to say. It is made once: helmet's plugin for
 * fastify makes it anew for each request, at a twentieth of the time of an answer that was kept.
 */
export function addSecurityHeaders(app: FastifyInstance, { https }: { https: boolean }): void {
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: https ? { maxAge: hstsSeconds, includeSubDomains: false } : false,
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    xXssProtection: false,
  })
  app.addHook('onRequest', (request, reply, done) => {
    setHeaders(request.raw, reply.raw, error => done(error as Error | undefined))
  })
}

/** Scripts and styles of the page of documentation are files of this server; nothing stands in the page, or comes from elsewhere. */
export function strictDocsPolicy(header: string): string {
  return header
    .replaceAll(' https:', '')
    .replace(' validator.swagger.io', '')
    .replace(' upgrade-insecure-requests;', '')
    .replace("frame-ancestors 'self'", "frame-ancestors 'none'")
}
