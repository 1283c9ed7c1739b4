//! tmp
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
#[tokio::main]
async fn main() {
    let mut a = std::env::args().skip(1);
    let addr = a.next().unwrap();
    let name = a.next().unwrap();
    let n: usize = a.next().unwrap().parse().unwrap();
    let kind = a.next().unwrap_or("RequestResponse".into());
    let total = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs(4);
    let mut tasks = vec![];
    for _ in 0..n {
        let (addr, name, total, kind) = (addr.clone(), name.clone(), total.clone(), kind.clone());
        tasks.push(tokio::spawn(async move {
            let mut s = tokio::net::TcpStream::connect(&addr).await.unwrap(); s.set_nodelay(true).unwrap();
            let req = format!("POST /2015-03-31/functions/{name}/invocations HTTP/1.1\r\nhost: x\r\nx-amz-invocation-type: {kind}\r\ncontent-length: 2\r\n\r\n{{}}");
            let mut lat = vec![]; let mut buf = vec![0;4096];
            while Instant::now() < end { let t=Instant::now(); s.write_all(req.as_bytes()).await.unwrap(); let k = s.read(&mut buf).await.unwrap(); assert!(k>0); assert!(buf.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&buf[..k])); lat.push(t.elapsed().as_micros() as u64); total.fetch_add(1,Ordering::Relaxed);} lat }));
    }
    let mut all: Vec<u64> = vec![];
    for t in tasks {
        all.extend(t.await.unwrap());
    }
    all.sort_unstable();
    println!(
        "{n} callers {kind}: {}/s p50 {}us p99 {}us",
        total.load(Ordering::Relaxed) / 4,
        all[all.len() / 2],
        all[all.len() * 99 / 100]
    );
}
