import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import { EncoderServiceClient } from '@hypershard/proto/encoder'
import { median, quantile } from '../../statistics.ts'
import { atMost } from '../bars.ts'
import { putDocuments } from '../cluster/bench-indexes.ts'
import type { LoadRun } from '../load-run.ts'

const writes = 30
const documentsBefore = 500
const indexName = 'load-writes'
const encodeMsMax = 30_000
const searchableMsMax = 150

/** One document at a time into a cluster that does nothing else: how long until searches find it, beyond its encoding. */
export async function measureSmallWrites(run: LoadRun): Promise<void> {
  const { qnet } = await run.models()
  await run.indexes.create(indexName, qnet.name)
  await run.indexes.load(indexName, documentsBefore)
  await run.untilQuiet()
  const documents = run.documents.slice(-writes)
  const searchable: number[] = []
  const encoded: number[] = []
  const client = connectClient(EncoderServiceClient, run.addressOf('encoder'))
  try {
    for (const { id, title, text } of documents) {
      const request = { modelDigest: qnet.digest, documents: [{ title, text }] }
      encoded.push(
        await timeOf(() =>
          callUnary(client.encodeDocuments.bind(client), request, Deadline.after(encodeMsMax), 'encoder service'),
        ),
      )
      searchable.push(await timeOf(() => putDocuments(run.api, indexName, [{ id: `new-${id}`, title, text }])))
    }
  } finally {
    client.close()
    await run.indexes.drop(indexName)
  }
  run.figure('one document, nothing else going on: p50 until searchable, ms', median(searchable))
  run.figure('one document, nothing else going on: p95 until searchable, ms', quantile(searchable, 0.95))
  run.figure('one document encoded by the encoder alone: p50, ms', median(encoded))
  const beyond = median(searchable) - median(encoded)
  run.bar(atMost('one document: p50 until searchable beyond its encoding, ms', beyond, searchableMsMax))
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}
