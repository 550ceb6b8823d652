/**
 * The q-net's scores and gradients as one ONNX graph, by reverse differentiation of the forward graph. With both, the
 * q-net is replaced near a point c by its tangent plane, s(x) ~ s(c) + g (x - c): a plain query vector.
 */
import { coreLayers, hasResidual, type QNetArchitecture, vectorWidth } from '../architecture.ts'
import { GraphBuilder } from '../onnx/graph-builder.ts'
import { addCoreLayers, addScores, floatProduct, layerNormEpsilon, leakyReluSlope } from './core-layers.ts'

/**
 * Inputs as those of `compileForward` in fp32; the rows of `documents` are the points. Outputs: `scores` f32 [rows] and
 * `gradients` f32 [rows, width]. Where relu has no derivative, at 0, it is 0.
 */
export function compileTangents(architecture: QNetArchitecture): Uint8Array {
  const graph = new GraphBuilder('qnet-tangents')
  const documents = graph.input('documents', 'float32', ['rows', vectorWidth(architecture)])
  const { inputs, hidden } = addCoreLayers(graph, architecture, documents, floatProduct)
  addScores(graph, architecture, hidden)
  graph.constant('last_axis', BigInt64Array.of(-1n), [1])
  graph.constant('zero', Float32Array.of(0), [])
  graph.constant('one', Float32Array.of(1), [])
  const layers = coreLayers(architecture).length
  const row = graph.node('Transpose', [`matrix_${layers}`], 'row')
  let gradient = graph.node('Expand', [row, graph.node('Shape', [hidden], 'shape')], 'gradient_of_hidden')
  for (let index = layers - 1; index >= 0; index--) {
    gradient = addLayerGradient(graph, architecture, { index, input: inputs[index]!, gradient })
  }
  graph.node('Identity', [gradient], 'gradients')
  graph.output('gradients', 'float32', ['rows', vectorWidth(architecture)])
  return graph.build()
}

interface LayerGradient {
  readonly index: number
  /** What the layer read. */
  readonly input: string
  /** The score's gradient with respect to the layer's output. */
  readonly gradient: string
}

/** The gradient with respect to what core layer `index` read. */
function addLayerGradient(graph: GraphBuilder, architecture: QNetArchitecture, layer: LayerGradient): string {
  const { index } = layer
  const { layerNorm, layerNormBeforeResidual } = architecture
  const residual = hasResidual(architecture, index)
  const activation = `activation_${index}`
  const sum = residual ? `sum_${index}` : activation
  let ofSum = layer.gradient
  if (layerNorm && !layerNormBeforeResidual) ofSum = addLayerNormGradient(graph, index, sum, ofSum)
  let ofActivation = ofSum
  if (layerNorm && layerNormBeforeResidual) ofActivation = addLayerNormGradient(graph, index, activation, ofActivation)
  const ofLinear = addActivationGradient(graph, architecture, index, ofActivation)
  const through = graph.node('Gemm', [ofLinear, `matrix_${index}`], `through_${index}`, { attributes: { transB: 1 } })
  return residual ? graph.node('Add', [through, ofSum], `gradient_${index}`) : through
}

/**
 * Layer norm n = (u - mean u) / s, s = sqrt(var u + eps), has the gradient (g - mean g - n mean(g n)) / s.
 * Ba, Kiros, Hinton, "Layer Normalization" (arXiv 1607.06450), differentiated.
 */
function addLayerNormGradient(graph: GraphBuilder, index: number, input: string, gradient: string): string {
  const name = (value: string) => `${value}_of_norm_${index}`
  const mean = (value: string, output: string) => graph.node('ReduceMean', [value, 'last_axis'], name(output))
  const epsilon = graph.constant(name('epsilon'), Float32Array.of(layerNormEpsilon), [])
  const centred = graph.node('Sub', [input, mean(input, 'mean')], name('centred'))
  const variance = mean(graph.node('Mul', [centred, centred], name('squares')), 'variance')
  const deviation = graph.node('Sqrt', [graph.node('Add', [variance, epsilon], name('guarded'))], name('deviation'))
  const normal = graph.node('Div', [centred, deviation], name('normal'))
  const alike = mean(graph.node('Mul', [gradient, normal], name('product')), 'alike')
  const shifted = graph.node('Sub', [gradient, mean(gradient, 'shift')], name('shifted'))
  const straight = graph.node('Mul', [normal, alike], name('straight'))
  return graph.node('Div', [graph.node('Sub', [shifted, straight], name('rest')), deviation], name('gradient'))
}

function addActivationGradient(graph: GraphBuilder, { activation }: QNetArchitecture, index: number, gradient: string) {
  const linear = `linear_${index}`
  const active = `activation_${index}`
  const name = (value: string) => `${value}_of_activation_${index}`
  const node = (operator: string, inputs: string[], output: string) => graph.node(operator, inputs, name(output))
  const times = (factor: string) => node('Mul', [gradient, factor], 'gradient')
  const scalar = (value: number, output: string) => graph.constant(name(output), Float32Array.of(value), [])
  switch (activation) {
    case 'relu':
      return node('Where', [node('Greater', [linear, 'zero'], 'positive'), gradient, 'zero'], 'gradient')
    case 'leaky_relu': {
      const positive = node('Greater', [linear, 'zero'], 'positive')
      return times(node('Where', [positive, 'one', scalar(leakyReluSlope, 'slope')], 'factor'))
    }
    case 'tanh':
      return times(node('Sub', ['one', node('Mul', [active, active], 'square')], 'factor'))
    case 'sigmoid':
      return times(node('Mul', [active, node('Sub', ['one', active], 'rest')], 'factor'))
    case 'gelu': {
      // x F(x), F the normal distribution and f its density: F(x) + x f(x).
      const scaled = node('Mul', [linear, scalar(Math.SQRT1_2, 'root')], 'scaled')
      const distribution = node(
        'Mul',
        [node('Add', [node('Erf', [scaled], 'erf'), 'one'], 'twice'), scalar(0.5, 'half')],
        'normal',
      )
      const density = node('Exp', [node('Neg', [node('Mul', [scaled, scaled], 'square')], 'exponent')], 'density')
      const slope = node(
        'Mul',
        [node('Mul', [linear, density], 'weighted'), scalar(1 / Math.sqrt(2 * Math.PI), 'unit')],
        'slope',
      )
      return times(node('Add', [distribution, slope], 'factor'))
    }
  }
}
