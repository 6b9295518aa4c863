//! A load of one kind of request on kept-alive connections, written by hand to cost little itself.

use super::cpu;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a load found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor microseconds of the servers, a request.
    pub cpu_us: f64,
}

/// A request as it goes over the wire.
pub fn request(method: &str, address: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends `requests` in turn for `duration` on so many connections at once; the median of three runs.
pub async fn run(address: &str, requests: &[Vec<u8>], at_once: usize, duration: Duration, servers: &[u32]) -> Measured {
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(once(address, requests, at_once, duration, servers).await);
    }
    runs.sort_by(|one, other| one.cpu_us.total_cmp(&other.cpu_us));
    runs[1]
}

async fn once(address: &str, requests: &[Vec<u8>], at_once: usize, duration: Duration, servers: &[u32]) -> Measured {
    let (before, began) = (cpu::used_us(servers), Instant::now());
    let connections: Vec<_> = (0..at_once)
        .map(|first| tokio::spawn(connection(address.to_owned(), requests.to_vec(), first, began + duration)))
        .collect();
    let mut times = Vec::new();
    for connection in connections {
        times.extend(connection.await.expect("no panic"));
    }
    let (seconds, used) = (began.elapsed().as_secs_f64(), cpu::used_us(servers) - before);
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0;
    Measured {
        per_second: times.len() as f64 / seconds,
        p50_ms: at(0.5),
        p99_ms: at(0.99),
        cpu_us: used / times.len() as f64,
    }
}

async fn connection(address: String, requests: Vec<Vec<u8>>, first: usize, until: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(&address).await.expect("connected");
    stream.set_nodelay(true).expect("set");
    let (mut times, mut buffer) = (Vec::new(), Vec::with_capacity(1 << 16));
    for request in requests.iter().cycle().skip(first) {
        let began = Instant::now();
        if began >= until {
            break;
        }
        stream.write_all(request).await.expect("sent");
        answer(&mut stream, &mut buffer).await;
        times.push(began.elapsed());
    }
    times
}

/// Reads one whole answer, which must be a success.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let end = loop {
        assert!(stream.read_buf(buffer).await.expect("read") > 0, "the server hung up");
        if let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..head]).expect("headers are text").to_ascii_lowercase();
            assert!(text.starts_with("http/1.1 20"), "{}", String::from_utf8_lossy(buffer));
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            break length.map(|length| head + 4 + length.trim().parse::<usize>().expect("a number"));
        }
    };
    // Without a length it comes in chunks, of which the last is empty.
    let is_whole = |buffer: &[u8]| end.map_or_else(|| buffer.ends_with(b"\r\n0\r\n\r\n"), |end| buffer.len() >= end);
    while !is_whole(buffer) {
        assert!(stream.read_buf(buffer).await.expect("read") > 0, "the server hung up");
    }
}
