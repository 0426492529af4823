// An OpenAI-compatible server on the real llama.cpp engine (npm @fugood/llama.node): MODEL is a GGUF file. Prints its port,
// then a JSON line for each completion. Refuses what the published contract refuses, and binds answers to the schema by
// the engine's grammar.
const http = require('http')
const { loadModel } = require('@fugood/llama.node')

const refuse = (response, status, message, param = null) => {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param, code: null } }))
}

const problemOf = (body) => {
  if (body.model !== 'stories260K') return ['The model does not exist', 'model']
  if (!Array.isArray(body.messages) || body.messages.length === 0) return ['messages are required', 'messages']
  if (body.messages.some((m) => typeof m.content !== 'string')) return ['content must be a string', 'messages']
  if (typeof (body.temperature ?? 0) !== 'number') return ['temperature must be a number', 'temperature']
  if (body.store !== false) return ['this server stores nothing', 'store']
  if (body.response_format?.type !== 'json_schema') return ['response_format: json_schema only', 'response_format']
  return null
}

const main = async () => {
  const context = await loadModel({ model: process.env.MODEL, n_ctx: 32768, n_threads: 1 })
  let turn = Promise.resolve()
  const complete = async (body, response) => {
    const limit = body.max_completion_tokens ?? body.max_tokens
    const id = 'chatcmpl-' + Date.now()
    const base = { id, created: Math.floor(Date.now() / 1000), model: body.model }
    const send = (chunk) => response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...chunk })}\r\n\r\n`)
    if (body.stream) response.writeHead(200, { 'Content-Type': 'text/event-stream' }), response.write(': begin\r\n\r\n')
    let pieces = 0
    const result = await context.completion(
      { messages: body.messages, response_format: body.response_format, temperature: body.temperature ?? 0, n_predict: limit, seed: 7 },
      (data) => {
        pieces++
        if (body.stream) send({ choices: [{ index: 0, delta: { content: data.token }, finish_reason: null }] })
      },
    )
    const finish = result.stopped_limited ? 'length' : 'stop'
    const usage = { prompt_tokens: result.tokens_evaluated, completion_tokens: result.tokens_predicted,
                    total_tokens: result.tokens_evaluated + result.tokens_predicted }
    if (body.stream) {
      send({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })
      if (body.stream_options?.include_usage) send({ choices: [], usage })
      response.end('data: [DONE]\r\n\r\n')
    } else {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ ...base, object: 'chat.completion', usage,
        choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', content: result.text, refusal: null } }] }))
    }
    console.log(JSON.stringify({ stream: !!body.stream, finish, pieces, usage, text: result.text, schema: body.response_format.json_schema.schema }))
  }
  const server = http.createServer((request, response) => {
    let raw = ''
    request.on('data', (piece) => (raw += piece))
    request.on('end', () => {
      if (request.url === '/v1/models') {
        response.writeHead(200, { 'Content-Type': 'application/json' })
        return response.end(JSON.stringify({ object: 'list', data: [{ id: 'stories260K', object: 'model' }] }))
      }
      if (request.url !== '/v1/chat/completions') return refuse(response, 404, 'no such route')
      let body
      try { body = JSON.parse(raw) } catch { return refuse(response, 400, 'the body is no JSON') }
      const problem = problemOf(body)
      if (problem) return refuse(response, 400, ...problem)
      turn = turn.then(() => complete(body, response)).catch((error) => response.destroy(error))
    })
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
}
main()
