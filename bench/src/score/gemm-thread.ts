/** A thread that multiplies matrices and does nothing else: one core's share of the machine's limit. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { createOnnxSession, GraphBuilder, type ScoringPrecision, Tensor } from '@hypershard/qnet'

/**
 * `depth` products [rows, width] x [width, width]: f32, or u8 x s8 with i32 sums as the int8 scorer's are. All are written
 * over each other in one buffer, and one row of each is looked at: the least that a product can cost.
 */
export interface GemmShape {
  readonly precision: ScoringPrecision
  readonly width: number
  readonly depth: number
  readonly rows: number
}

const { precision, width, depth, rows } = workerData as GemmShape
const isInt8 = precision === 'int8'
const port = parentPort
assert(port !== null, 'a GEMM thread is started as a worker')

const graph = new GraphBuilder('gemm-limit')
graph.constant('first', BigInt64Array.of(0n), [1])
graph.input('block', isInt8 ? 'uint8' : 'float32', [rows, width])
const feeds: Record<string, Tensor> = { block: randomTensor(isInt8 ? 'uint8' : 'float32', rows) }
for (let layer = 0; layer < depth; layer++) {
  const matrix = graph.input(`matrix_${layer}`, isInt8 ? 'int8' : 'float32', [width, width])
  feeds[matrix] = randomTensor(isInt8 ? 'int8' : 'float32', width)
  const product = graph.node(isInt8 ? 'MatMulInteger' : 'MatMul', ['block', matrix], `product_${layer}`)
  const type = isInt8 ? 'int32' : 'float32'
  const row = graph.node('Gather', [product, 'first'], `row_${layer}`, { attributes: { axis: 0 } })
  graph.output(row, type, [1, width])
}
const session = await createOnnxSession(graph.build(), { threads: 1 })

port.on('message', async (message: number | 'stop') => {
  if (message === 'stop') return port.close()
  for (let run = 0; run < message; run++) await session.run(feeds)
  port.postMessage('done')
})
port.postMessage('ready')

function randomTensor(type: 'float32' | 'uint8' | 'int8', count: number): Tensor {
  const values = { length: count * width }
  const shape = [count, width]
  if (type === 'float32')
    return new Tensor(
      type,
      Float32Array.from(values, () => Math.random() - 0.5),
      shape,
    )
  if (type === 'uint8')
    return new Tensor(
      type,
      Uint8Array.from(values, () => Math.random() * 256),
      shape,
    )
  return new Tensor(
    type,
    Int8Array.from(values, () => Math.random() * 254 - 127),
    shape,
  )
}
