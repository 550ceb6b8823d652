import { z } from 'zod'
import type { Immutable } from './immutable.ts'

/** RFC 9457: the answer to every request that fails. `code`, `retryable` and `details` are extensions. */
export const problemSchema = z.object({
  type: z.url(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('The stable name; docs/errors.md lists them all.'),
  detail: z.string(),
  retryable: z.boolean().describe('Whether the same request may succeed later.'),
  request_id: z.string().optional().describe('What logs call the request, as the header `X-Request-Id` of the answer.'),
  details: z.record(z.string(), z.unknown()).describe('Facts for programs, by code.'),
})

export type Problem = Immutable<z.output<typeof problemSchema>>
