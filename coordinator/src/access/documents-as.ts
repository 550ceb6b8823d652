import { HypershardError, type RequestContext } from '@hypershard/common'
import type { StoredDocument } from '@hypershard/storage'
import { type Coordinator, documentNotFound } from '../coordinator.ts'
import type { FindOptions } from '../writing/find-documents.ts'
import type { ReceivedOperation } from '../writing/operation.ts'
import type { WriteInput, WriteReport } from '../writing/write-documents.ts'
import type { AuditedRequest } from './audit-trail.ts'
import { type Caller, nameOf } from './caller.ts'
import { problemForTenant, type Tenancy, tenancyOf, toldTo } from './tenant.ts'

/**
 * A document as the newest write left it. To a tenant, another's does not exist.
 * @throws HypershardError `index_not_found`, `document_not_found`, `forbidden`
 */
export async function documentAs(
  caller: Caller,
  { index, id, ...options }: { readonly index: string; readonly id: string } & FindOptions,
  context: RequestContext,
  coordinator: Coordinator,
): Promise<StoredDocument> {
  return toldTo(caller, async () => {
    const own = tenancyOf(caller, index, coordinator.fieldsOf(index))
    const document = await coordinator.getDocument(index, id, context, options)
    if (own === undefined || own.owns(document)) return document
    throw documentNotFound(index, id)
  })
}

export interface WriteAccess {
  readonly coordinator: Coordinator
  readonly audited: AuditedRequest
}

/**
 * The write of a caller, which is noted before it begins and before it is answered. A tenant puts only what passes its
 * filter, and neither replaces nor deletes what does not: that is decided on the documents as they are when the write is
 * appended.
 * @throws HypershardError `forbidden`, and what a write throws
 */
export async function writeAs(
  caller: Caller,
  input: WriteInput,
  context: RequestContext,
  { coordinator, audited }: WriteAccess,
): Promise<WriteReport> {
  const countsOf = ({ received, accepted, failed, sequence }: WriteReport) => ({ received, accepted, failed, sequence })
  return toldTo(caller, () => audited.run(() => writeWithin(caller, input, context, coordinator), countsOf))
}

async function writeWithin(
  caller: Caller,
  input: WriteInput,
  context: RequestContext,
  coordinator: Coordinator,
): Promise<WriteReport> {
  const own = tenancyOf(caller, input.index, coordinator.fieldsOf(input.index))
  if (own === undefined) return coordinator.writeDocuments(input, context)
  if (input.idempotencyKey !== undefined) {
    const message = 'Idempotency-Key: not with an API key that has a filter; a put or a delete may simply be repeated'
    throw new HypershardError('invalid_request', message)
  }
  const { onProgress } = input
  const ofTenant: WriteInput = {
    ...input,
    operations: ownOperations(caller, own, input.operations),
    owns: document => own.owns(document),
    onProgress: onProgress && (progress => onProgress({ ...progress, waiting: null })),
  }
  const report = await coordinator.writeDocuments(ofTenant, context)
  return { ...report, problem: report.problem && problemForTenant(report.problem) }
}

/** Keeps back what would be another tenant's. */
async function* ownOperations(
  caller: Caller,
  own: Tenancy,
  operations: AsyncIterable<ReceivedOperation>,
): AsyncGenerator<ReceivedOperation> {
  for await (const received of operations) {
    // What a patch makes of a document is known once that is read: it is asked there whether both are the tenant's.
    if ('problem' in received || received.operation.type !== 'put' || own.owns(received.operation.document)) {
      yield received
      continue
    }
    const { id } = received.operation.document
    const message = `the document does not pass the filter of ${nameOf(caller)}, ${JSON.stringify(own.filter)}`
    yield { line: received.line, problem: { id, code: 'forbidden', message } }
  }
}
