import { createReadStream } from 'node:fs';
import http from 'node:http';
import { Client } from 'undici';
import { percentile } from './table.ts';

export interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
}

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** So many connections, each sending its next request when the last was answered, for so long. */
export async function runLoad(
  url: string,
  connections: number,
  milliseconds: number,
  next: () => LoadRequest,
): Promise<Load> {
  const times: number[] = [];
  let failures = 0;
  const started = performance.now();
  const end = started + milliseconds;
  const worker = async () => {
    const client = new Client(url, { pipelining: 1 });
    while (performance.now() < end) {
      const { method, path, body } = next();
      const sent = performance.now();
      const response = await client.request({
        method,
        path,
        ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
      });
      await response.body.dump();
      if (response.statusCode >= 400) failures++;
      times.push(performance.now() - sent);
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const seconds = (performance.now() - started) / 1000;
  return { perSecond: times.length / seconds, p50: percentile(times, 0.5), p99: percentile(times, 0.99), failures };
}

/** Sends a file as one request; resolves with the milliseconds until the answer was read. */
export async function upload(url: string, file: string, type: string): Promise<number> {
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    const request = http.request(url, { method: 'POST', headers: { 'content-type': type } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`${response.statusCode}: ${Buffer.concat(chunks)}`));
      });
    });
    request.on('error', reject);
    createReadStream(file, { highWaterMark: 1 << 20 }).pipe(request);
  });
  return performance.now() - started;
}

/** Reads an answer to its end and throws it away; resolves with milliseconds and bytes. */
export async function download(url: string, accept: string): Promise<{ milliseconds: number; bytes: number }> {
  const started = performance.now();
  const bytes = await new Promise<number>((resolve, reject) => {
    let total = 0;
    http
      .get(url, { headers: { accept } }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${response.statusCode} ${url}`));
        response.on('data', (chunk: Buffer) => {
          total += chunk.length;
        });
        response.on('end', () => resolve(total));
        response.on('error', reject);
      })
      .on('error', reject);
  });
  return { milliseconds: performance.now() - started, bytes };
}
