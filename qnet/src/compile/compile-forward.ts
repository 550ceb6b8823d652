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
 * How int8 weights reach the product. Without VNNI onnxruntime's product of u8 and int8 adds pairs in 16 bits, which
 * overflow; that of u8 and u8 does not. `shifted` weights are u8, 128 more than they are worth: the same sums, to the bit.
 */
export type Int8Form = 'plain' | 'shifted'
export const shiftedZeroPoint = 128

/**
 * Inputs: `documents` f32 [rows, width]; for layer i `matrix_i` f32 [in, out] and, core layers only, `bias_i` f32
 * [out]. With int8, `matrix_i` of core layers is int8 (u8 when shifted) and beside it stand `scales_i` f32 [out] and
 * `range_i` f32 []: the largest magnitude of that layer's input; what lies beyond is clipped. Output: `scores` f32 [rows].
 */
export function compileForward(
  architecture: QNetArchitecture,
  precision: ScoringPrecision,
  int8Form: Int8Form = 'plain',
): Uint8Array {
  const graph = new GraphBuilder(`qnet-${precision}`)
  const documents = graph.input('documents', 'float32', ['rows', vectorWidth(architecture)])
  if (precision === 'int8') declareQuantisationConstants(graph)
  if (int8Form === 'shifted') graph.constant('weight_zero_point', Uint8Array.of(shiftedZeroPoint), [])
  const product = precision === 'int8' ? quantisedProduct(int8Form) : floatProduct
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

/**
 * One product of u8 and int8 as large as they come, with the form's own operator, and what it should be. Run once, it tells
 * whether this machine's kernel overflows.
 */
export function compileOverflowProbe(): { graph: Uint8Array; expected: number } {
  const graph = new GraphBuilder('int8-overflow-probe')
  graph.input('scale', 'float32', [])
  graph.constant('activations', new Uint8Array(2 * probeWidth).fill(255), [2, probeWidth])
  graph.constant('matrix', new Int8Array(probeWidth ** 2).fill(127), [probeWidth, probeWidth])
  graph.constant('scales', new Float32Array(probeWidth).fill(1), [probeWidth])
  declareQuantisationConstants(graph)
  const inputs = ['activations', 'matrix', 'scale', 'scales', 'zero_point']
  graph.node('MatMulIntegerToFloat', inputs, 'products', { domain: microsoftDomain })
  graph.output('products', 'float32', [2, probeWidth])
  return { graph: graph.build(), expected: probeWidth * (255 - activationZeroPoint) * 127 }
}

const probeWidth = 64

const quantisedProduct =
  (form: Int8Form): Product =>
  (graph, input, index, shape) => {
    const matrix = graph.input(`matrix_${index}`, form === 'plain' ? 'int8' : 'uint8', [shape.in, shape.out])
    const bias = graph.input(`bias_${index}`, 'float32', [shape.out])
    const columnScales = graph.input(`scales_${index}`, 'float32', [shape.out])
    const range = graph.input(`range_${index}`, 'float32', [])
    const scale = graph.node('Mul', [range, 'per_step'], `step_${index}`)
    const quantised = graph.node('QuantizeLinear', [input, scale, 'zero_point'], `quantised_${index}`)
    return graph.node(
      'MatMulIntegerToFloat',
      [quantised, matrix, scale, columnScales, 'zero_point', form === 'plain' ? '' : 'weight_zero_point', bias],
      `linear_${index}`,
      { domain: microsoftDomain },
    )
  }

function declareQuantisationConstants(graph: GraphBuilder): void {
  graph.constant('zero_point', Uint8Array.of(activationZeroPoint), [])
  graph.constant('per_step', Float32Array.of(1 / (activationZeroPoint - 1)), [])
}
