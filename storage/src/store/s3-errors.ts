import { HypershardError, messageOf } from '@hypershard/common'

/** Whether S3 answered with this HTTP status. */
export function isS3Error(error: unknown, status: number): boolean {
  const metadata = (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata
  return metadata?.httpStatusCode === status
}

/** @param doing what was being done to which object, such as `writing indexes/papers/index.json` */
export function translateS3Error(doing: string, bucket: string, error: unknown): unknown {
  if (error instanceof HypershardError) return error
  const { name = 'Error' } = error as Error
  const details = { bucket, s3: name }
  const reason = messageOf(error) === '' ? name : messageOf(error)
  const message = `${doing}: bucket ${bucket}: ${reason}; ${adviceFor(name)}`
  return new HypershardError('storage_failed', message, { details, cause: error })
}

function adviceFor(name: string): string {
  if (name === 'NoSuchBucket') return 'create it, or mend the store setting'
  if (['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'CredentialsProviderError'].includes(name)) {
    return 'check the credentials and what they may do'
  }
  return "check the object store's server and the way to it"
}
