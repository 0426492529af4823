// The vendors' own SDKs (npm openai, @anthropic-ai/sdk, @aws-sdk/client-bedrock-runtime) against the servers named on
// standard input, {"openai","azure","anthropic","bedrock": {url, …}}. Prints what each made of the answer, as JSON.
import Anthropic from '@anthropic-ai/sdk'
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import OpenAI, { AzureOpenAI } from 'openai'
import { readFileSync } from 'node:fs'

const servers = JSON.parse(readFileSync(0, 'utf8'))
const user = servers.prompt
const schema = { type: 'object', additionalProperties: false, required: ['a'], properties: { a: { type: 'string' } } }
const said = {}
const attempt = async (name, work) => {
  try { said[name] = await work() } catch (error) { said[name] = { error: error.constructor.name, status: error.status ?? error.$metadata?.httpStatusCode } }
}
const chat = {
  model: servers.openai.model, store: false, max_completion_tokens: 50,
  messages: [{ role: 'system', content: 'Explain.' }, { role: 'user', content: user }],
  response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema } },
}
const whole = (answer) => ({ text: answer.choices[0].message.content, usage: answer.usage.total_tokens })
const openai = (apiKey) => new OpenAI({ baseURL: servers.openai.url, apiKey, maxRetries: 0 })
await attempt('openai', async () => whole(await openai(servers.openai.key).chat.completions.create(chat)))
await attempt('openai stream', async () => {
  const stream = await openai(servers.openai.key).chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } })
  let text = '', usage = 0
  for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? '', usage = chunk.usage?.total_tokens ?? usage
  return { text, usage }
})
await attempt('openai wrong key', async () => whole(await openai('wrong').chat.completions.create(chat)))
await attempt('azure', async () => {
  const { url, key, deployment, version } = servers.azure
  const client = new AzureOpenAI({ endpoint: url, apiKey: key, deployment, apiVersion: version, maxRetries: 0 })
  return whole(await client.chat.completions.create({ ...chat, model: deployment }))
})
const claude = (apiKey) => new Anthropic({ baseURL: servers.anthropic.url, apiKey, maxRetries: 0 })
const message = { model: 'claude-e2e', max_tokens: 50, system: 'Explain.', messages: [{ role: 'user', content: user }],
                  output_config: { format: { type: 'json_schema', schema } } }
await attempt('anthropic', async () => {
  const answer = await claude(servers.anthropic.key).messages.create(message)
  return { text: answer.content[0].text, usage: answer.usage.output_tokens }
})
await attempt('anthropic wrong key', async () => claude('wrong').messages.create(message))
const aws = ({ url, id, secret }, secretAccessKey = secret) => new BedrockRuntimeClient({
  region: 'eu-central-1', endpoint: url, maxAttempts: 1,
  requestHandler: new NodeHttpHandler(), // HTTP/1.1, as our stand-in speaks
  credentials: { accessKeyId: id, secretAccessKey } })
const question = (more) => ({
  modelId: servers.bedrock.model, system: [{ text: 'Explain.' }], messages: [{ role: 'user', content: [{ text: user }] }],
  ...more })
const by_schema = { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'n', schema: JSON.stringify(schema) } } } } }
const by_tool = { toolConfig: { tools: [{ toolSpec: { name: 'n', inputSchema: { json: schema } } }], toolChoice: { tool: { name: 'n' } } } }
const converse = async (secretAccessKey) => {
  const answer = await aws(servers.bedrock, secretAccessKey).send(new ConverseCommand(question(by_schema)))
  return { text: answer.output.message.content[0].text, usage: answer.usage.totalTokens }
}
const converse_stream = async (server, means) => {
  const answer = await aws(server).send(new ConverseStreamCommand(question(means)))
  let text = '', usage = 0, stop = ''
  for await (const event of answer.stream) {
    const delta = event.contentBlockDelta?.delta
    text += delta?.text ?? delta?.toolUse?.input ?? ''
    stop = event.messageStop?.stopReason ?? stop
    usage = event.metadata?.usage.totalTokens ?? usage
  }
  return { text, usage, stop }
}
await attempt('bedrock', () => converse(servers.bedrock.secret))
await attempt('bedrock wrong key', () => converse('wrong'))
await attempt('bedrock stream', () => converse_stream(servers.bedrock, by_schema))
await attempt('bedrock stream by tool', () => converse_stream(servers.bedrock, by_tool))
await attempt('bedrock garbled stream', () => converse_stream(servers.garbled, by_schema))
await attempt('bedrock throttled stream', () => converse_stream(servers.throttled, by_schema))
console.log(JSON.stringify(said))
