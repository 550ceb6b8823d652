/** The q-net's layers as ONNX operators, for every graph that runs them. Values are named after their layer. */
import { coreLayers, hasResidual, type QNetArchitecture } from '../architecture.ts'
import type { GraphBuilder } from '../onnx/graph-builder.ts'

/** One column of scores and zeros beside it: one vector register's width. */
const scoreColumns = 16

export const layerNormEpsilon = 1e-5
export const leakyReluSlope = 0.01

/** `x W + b` of core layer `index`. */
export type Product = (graph: GraphBuilder, input: string, index: number, shape: { in: number; out: number }) => string

export const floatProduct: Product = (graph, input, index, shape) => {
  const matrix = graph.input(`matrix_${index}`, 'float32', [shape.in, shape.out])
  const bias = graph.input(`bias_${index}`, 'float32', [shape.out])
  return graph.node('Gemm', [input, matrix, bias], `linear_${index}`)
}

/** All core layers; `inputs[i]` is what core layer i read, `hidden` what the last one gave. */
export function addCoreLayers(
  graph: GraphBuilder,
  architecture: QNetArchitecture,
  documents: string,
  product: Product,
): { inputs: string[]; hidden: string } {
  const inputs: string[] = []
  let hidden = documents
  for (const [index, shape] of coreLayers(architecture).entries()) {
    inputs.push(hidden)
    const linear = product(graph, hidden, index, shape)
    let value = addActivation(graph, architecture, linear, `activation_${index}`)
    const norm = (input: string) => addLayerNorm(graph, input, shape.out, index)
    if (architecture.layerNorm && architecture.layerNormBeforeResidual) value = norm(value)
    if (hasResidual(architecture, index)) value = graph.node('Add', [value, hidden], `sum_${index}`)
    if (architecture.layerNorm && !architecture.layerNormBeforeResidual) value = norm(value)
    hidden = value
  }
  return { inputs, hidden }
}

function addActivation(graph: GraphBuilder, architecture: QNetArchitecture, input: string, output: string): string {
  switch (architecture.activation) {
    case 'relu':
      return graph.node('Relu', [input], output)
    case 'tanh':
      return graph.node('Tanh', [input], output)
    case 'sigmoid':
      return graph.node('Sigmoid', [input], output)
    case 'gelu':
      return graph.node('Gelu', [input], output)
    case 'leaky_relu':
      return graph.node('LeakyRelu', [input], output, { attributes: { alpha: { float: leakyReluSlope } } })
  }
}

function addLayerNorm(graph: GraphBuilder, input: string, width: number, index: number): string {
  const scale = graph.constant(`ones_${index}`, new Float32Array(width).fill(1), [width])
  return graph.node('LayerNormalization', [input, scale], `norm_${index}`, {
    attributes: { axis: -1, epsilon: { float: layerNormEpsilon } },
  })
}

export function addScores(graph: GraphBuilder, architecture: QNetArchitecture, hidden: string): void {
  addScoreColumn(graph, architecture, hidden)
  graph.output('scores', 'float32', ['rows'])
}

/** @returns the scores' name, f32 [rows, 1] */
export function addScoreColumn(graph: GraphBuilder, architecture: QNetArchitecture, hidden: string): string {
  const index = architecture.vectorDimensions.length - 2
  const width = architecture.vectorDimensions[index]!
  const matrix = graph.input(`matrix_${index}`, 'float32', [width, 1])
  const zeros = graph.constant('zeros', new Float32Array(width * (scoreColumns - 1)), [width, scoreColumns - 1])
  const widened = graph.node('Concat', [matrix, zeros], 'widened', { attributes: { axis: 1 } })
  const columns = graph.node('MatMul', [hidden, widened], 'columns')
  const first = graph.constant('first', BigInt64Array.of(0n), [])
  return graph.node('Gather', [columns, first], 'scores', { attributes: { axis: 1 } })
}
