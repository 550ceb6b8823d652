import { Deadline, HypershardError } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import {
  type EncodeQueryRequest,
  type EncodeQueryResponse,
  EncoderServiceClient,
  QueryForm,
} from '@hypershard/proto/encoder'
import { WeightsPrecision } from '@hypershard/proto/qnet'
import type { EncoderTarget } from './load-job.ts'
import type { Transport } from './transport.ts'

const forms = {
  weights: QueryForm.QUERY_FORM_WEIGHTS,
  token_states: QueryForm.QUERY_FORM_TOKEN_STATES,
}

/** One connection, as a coordinator has one. */
export function openEncoderTransport(target: EncoderTarget, { timeoutMs }: { readonly timeoutMs: number }): Transport {
  const client = connectClient(EncoderServiceClient, target.address)
  const request = {
    modelDigest: target.modelDigest,
    form: forms[target.form],
    precision: WeightsPrecision.WEIGHTS_PRECISION_F32,
  }
  return {
    send: async text => {
      try {
        await callUnary<EncodeQueryRequest, EncodeQueryResponse>(
          client.encodeQuery.bind(client),
          { ...request, text },
          Deadline.after(timeoutMs),
          'encoder service',
        )
        return undefined
      } catch (error) {
        return error instanceof HypershardError ? error.code : 'connection_failed'
      }
    },
    bytes: () => null,
    sentElsewhere: 0,
    wrongAnswers: [],
    close: async () => client.close(),
  }
}
