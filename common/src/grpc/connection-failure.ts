import { type ServiceError, status } from '@grpc/grpc-js'
import { openFilesProblem } from '../files/open-files-limit.ts'

const whatToDo = 'check that it runs and that its address is right'

/**
 * Says in plain words why nobody answered a call: who, at which address, and the cause. grpc-js gives the cause inside
 * a sentence of its own, or not at all (`Last error: undefined`).
 * @param peer who was called and at which address, such as `encoder service 127.0.0.1:7702`
 */
export function describeConnectionFailure({ code, details }: ServiceError, peer: string): string {
  if (code === status.DEADLINE_EXCEEDED) return describeTimeout(details, peer)
  if (code !== status.UNAVAILABLE) return `${peer}: ${details}`
  const unresolved = /^Name resolution failed for target (?:dns:)?(\S+)/.exec(details)
  if (unresolved !== null) return `${peer}: cannot find the address of ${unresolved[1]}; ${whatToDo}`
  const failed = /^No connection established(?:\. Last error: (.*?)\. Resolution note: (.*))?$/s.exec(details)
  if (failed !== null) return `${peer}: cannot connect: ${causeOf(failed[1] ?? '')}; ${whatToDo}`
  return `${peer}: the connection broke: ${details}; ${whatToDo}`
}

/** What is left of the last error without its class and the time it was noted. */
function causeOf(lastError: string): string {
  const text = lastError.replace(/^\w*Error(?: \[\w+\])?: /, '').replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '')
  if (['', 'undefined', 'null', 'Failed to connect'].includes(text)) {
    return 'the connection was closed before it stood, as by another program that listens there, or a proxy'
  }
  const exhausted = openFilesProblem(/\bE[MN]FILE\b/.exec(text)?.[0])
  if (exhausted !== undefined) return exhausted.message
  return text === 'Protocol error' ? 'what listens there does not speak gRPC' : text.replace(/\.$/, '')
}

function describeTimeout(details: string, peer: string): string {
  const seconds = /^Deadline exceeded after (\d+(?:\.\d+)?)s/.exec(details)?.[1]
  const within = seconds === undefined ? 'in the time given' : `within ${seconds} s`
  // So ends a call that waited for a connection all the time.
  if (/Waiting for LB pick|name resolution: [^,]*$/.test(details)) {
    return `${peer}: cannot connect ${within}: nothing answers there; ${whatToDo}`
  }
  return `${peer}: no answer ${within}; allow more time, or see whether it is overloaded`
}
