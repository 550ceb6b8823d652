import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import {
  type EncodeQueryRequest,
  type EncodeQueryResponse,
  EncoderServiceClient,
  QueryForm,
} from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import {
  createDirectoryStore,
  firstGeneration,
  latestManifest,
  openSegment,
  readIndex,
  segmentAt,
  textAt,
} from '@hypershard/storage'

const encodeMsMax = 30_000

/** The vectors that an index was built with, by document id: another server can be given them without encoding anything. */
export async function readStoredVectors(storeFolder: string, indexName: string): Promise<Map<string, Float32Array>> {
  const store = await createDirectoryStore(storeFolder)
  const manifest = await latestManifest(store, firstGeneration(await readIndex(store, indexName)))
  const vectors = new Map<string, Float32Array>()
  for (const entry of manifest.segments) {
    const segment = await openSegment(store, segmentAt(manifest, entry))
    const [all, ids] = [await segment.loadVectors(), await segment.loadIds()]
    const width = all.length / segment.documents
    for (let row = 0; row < segment.documents; row++) {
      vectors.set(textAt(ids, row), all.subarray(row * width, (row + 1) * width))
    }
  }
  return vectors
}

/** The vectors of queries by a dense model: the weights of its q-net, which is one inner product. */
export async function encodeDenseQueries(
  address: string,
  modelDigest: string,
  texts: readonly string[],
): Promise<Float32Array[]> {
  const client = connectClient(EncoderServiceClient, address)
  const wish = { form: QueryForm.QUERY_FORM_WEIGHTS, precision: WeightsPrecision.WEIGHTS_PRECISION_F32 }
  try {
    const vectors: Float32Array[] = []
    for (const text of texts) {
      const { query } = await callUnary<EncodeQueryRequest, EncodeQueryResponse>(
        client.encodeQuery.bind(client),
        { modelDigest, text, ...wish },
        Deadline.after(encodeMsMax),
        'encoder service',
      )
      if (query?.$case !== 'qnet') throw new Error('the encoder service gave no weights')
      vectors.push(new Float32Array(new Uint8Array(query.value.weights).buffer))
    }
    return vectors
  } finally {
    client.close()
  }
}
