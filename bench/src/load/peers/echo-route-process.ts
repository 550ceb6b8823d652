/**
 * Stands where a coordinator stands: one route, one call to another process, one answer of the size of a search's.
 * Its arguments are the address of the other process and the answer.
 */
import { Deadline } from '@hypershard/common'
import { callUnary, connectClient } from '@hypershard/common/grpc'
import fastify from 'fastify'
import { EchoClient } from './echo-service.ts'

const timeoutMs = 30_000
const [address, answerText] = process.argv.slice(2) as [string, string]
const answer: unknown = JSON.parse(answerText)
const payload = Buffer.from(answerText)
const client = connectClient(EchoClient, address)

const app = fastify()
app.post('/search', async () => {
  await callUnary(client.echo.bind(client), payload, Deadline.after(timeoutMs), 'echo service')
  return answer
})
const url = await app.listen({ host: '127.0.0.1', port: 0 })
process.on('disconnect', () => process.exit())
process.send!({ address: url })
