import type { IncomingHttpHeaders } from 'node:http'
import { HypershardError } from '@hypershard/common'
import { idempotencyKeySchema } from '@hypershard/contract'
import { checkRequest } from '../check-request.ts'

/** @throws HypershardError `invalid_request` */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['idempotency-key']
  if (Array.isArray(given)) throw new HypershardError('invalid_request', 'Idempotency-Key: given more than once')
  return given === undefined ? undefined : checkRequest(idempotencyKeySchema, given, 'header Idempotency-Key')
}
