/** The machine's own limit for a q-net: its core layers' matrix products alone, with nothing between them. */
import { createOnnxSession, GraphBuilder, type ScoringPrecision, Tensor } from '@hypershard/qnet'

export interface GemmLimit {
  /** Runs the products for one block of documents. */
  run(): Promise<void>
  readonly rows: number
}

/**
 * `depth` products [rows, width] x [width, width]: f32, or u8 x s8 with i32 sums as the int8 scorer's are.
 * The products do not depend on each other's results, and nothing else runs.
 */
export async function createGemmLimit(
  precision: ScoringPrecision,
  shape: { width: number; depth: number; rows: number; threads: number },
): Promise<GemmLimit> {
  const { width, depth, rows, threads } = shape
  const graph = new GraphBuilder('gemm-limit')
  const isInt8 = precision === 'int8'
  graph.input('blocks', isInt8 ? 'uint8' : 'float32', [rows, width])
  const feeds: Record<string, Tensor> = { blocks: isInt8 ? randomBytes(rows, width) : randomFloats(rows, width) }
  for (let layer = 0; layer < depth; layer++) {
    const matrix = graph.input(`matrix_${layer}`, isInt8 ? 'int8' : 'float32', [width, width])
    feeds[matrix] = isInt8 ? randomInt8(width, width) : randomFloats(width, width)
    const product = graph.node(isInt8 ? 'MatMulInteger' : 'MatMul', ['blocks', matrix], `product_${layer}`)
    graph.output(product, isInt8 ? 'int32' : 'float32', [rows, width])
  }
  const session = await createOnnxSession(graph.build(), { threads })
  return {
    rows,
    run: async () => {
      await session.run(feeds)
    },
  }
}

function randomFloats(rows: number, columns: number): Tensor {
  return new Tensor(
    'float32',
    Float32Array.from({ length: rows * columns }, () => Math.random() - 0.5),
    [rows, columns],
  )
}

function randomBytes(rows: number, columns: number): Tensor {
  return new Tensor(
    'uint8',
    Uint8Array.from({ length: rows * columns }, () => Math.random() * 256),
    [rows, columns],
  )
}

function randomInt8(rows: number, columns: number): Tensor {
  return new Tensor(
    'int8',
    Int8Array.from({ length: rows * columns }, () => Math.random() * 254 - 127),
    [rows, columns],
  )
}
