/**
 * The q-net as an ONNX graph: a block of document vectors in, their scores out. The weights are inputs, so one compiled
 * graph serves every query of a model.
 *
 * Semantics (jfkback/hypencoder-paper, modeling/q_net.py): for each core layer `y = act(x W + b)`, then layer norm (no
 * affine, eps 1e-5) and the residual in the architecture's order; then `score = y w_last`.
 *
 * A score depends on its document and the q-net alone, to the last bit, wherever the document lies in its block and
 * however the corpus is sharded. Two facts of onnxruntime's CPU kernels (measured with one thread a run, and guarded by
 * a test) make it so: general matrix products sum each row alike whatever the rows around it, but a product with one
 * column or one row takes another kernel that does not. Hence the last matrix is widened to `scoreColumns`, and
 * `blockRowsMin` rows are the fewest to run.
 */
import { type QNetArchitecture, vectorWidth } from '../architecture.ts'
import { GraphBuilder, microsoftDomain } from '../onnx/graph-builder.ts'
import { addCoreLayers, addScores, floatProduct, type Product } from './core-layers.ts'

/** fp32 throughout, or core products in int8 with f32 between them. */
export const scoringPrecisions = Object.freeze(['fp32', 'int8'] as const)
export type ScoringPrecision = (typeof scoringPrecisions)[number]

/** The fewest rows of a block whose scores are the same bits as in any other block. */
export const blockRowsMin = 2

/** Quantised activations are u8 around this zero point: the form with the fast product (VNNI) on x86. */
const activationZeroPoint = 128

/**
 * Inputs: `documents` f32 [rows, width]; for layer i `matrix_i` f32 [in, out] and, core layers only, `bias_i` f32
 * [out]. With int8, `matrix_i` of core layers is int8 and beside it stand `scales_i` f32 [out] and `range_i` f32 []:
 * the largest magnitude of that layer's input; what lies beyond is clipped. Output: `scores` f32 [rows].
 */
export function compileForward(architecture: QNetArchitecture, precision: ScoringPrecision): Uint8Array {
  const graph = new GraphBuilder(`qnet-${precision}`)
  const documents = graph.input('documents', 'float32', ['rows', vectorWidth(architecture)])
  if (precision === 'int8') declareQuantisationConstants(graph)
  const product = precision === 'int8' ? quantisedProduct : floatProduct
  const { hidden } = addCoreLayers(graph, architecture, documents, product)
  addScores(graph, architecture, hidden)
  return graph.build()
}

/**
 * The forward pass in fp32 that gives, instead of scores, `range_i` f32 []: the largest magnitude of core layer i's
 * input over the block. Run on a sample of document vectors, these are the int8 graph's `range_i`.
 */
export function compileActivationRanges(architecture: QNetArchitecture): Uint8Array {
  const graph = new GraphBuilder('qnet-activation-ranges')
  const documents = graph.input('documents', 'float32', ['rows', vectorWidth(architecture)])
  const { inputs } = addCoreLayers(graph, architecture, documents, floatProduct)
  for (const [index, input] of inputs.entries()) {
    const range = graph.node('ReduceMax', [graph.node('Abs', [input], `magnitude_${index}`)], `range_${index}`, {
      attributes: { keepdims: 0 },
    })
    graph.output(range, 'float32', [])
  }
  return graph.build()
}

const quantisedProduct: Product = (graph, input, index, shape) => {
  const matrix = graph.input(`matrix_${index}`, 'int8', [shape.in, shape.out])
  const bias = graph.input(`bias_${index}`, 'float32', [shape.out])
  const columnScales = graph.input(`scales_${index}`, 'float32', [shape.out])
  const range = graph.input(`range_${index}`, 'float32', [])
  const scale = graph.node('Mul', [range, 'per_step'], `step_${index}`)
  const quantised = graph.node('QuantizeLinear', [input, scale, 'zero_point'], `quantised_${index}`)
  return graph.node(
    'MatMulIntegerToFloat',
    [quantised, matrix, scale, columnScales, 'zero_point', '', bias],
    `linear_${index}`,
    { domain: microsoftDomain },
  )
}

function declareQuantisationConstants(graph: GraphBuilder): void {
  graph.constant('zero_point', Uint8Array.of(activationZeroPoint), [])
  graph.constant('per_step', Float32Array.of(1 / (activationZeroPoint - 1)), [])
}
