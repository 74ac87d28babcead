//! A producer in Rust: see ../run.mjs for what it is asked.
mod carillon {
    include!(concat!(env!("OUT_DIR"), "/carillon/mod.rs"));
}
use async_nats::{jetstream, ConnectOptions};
use carillon::event::{event, Event};
use protobuf::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Failure = Box<dyn std::error::Error>;

fn fields(e: &Event) -> Vec<String> {
    let payload = match &e.data {
        Some(event::Data::TextData(text)) => text.clone(),
        Some(event::Data::BinaryData(bytes)) => String::from_utf8(bytes.clone()).unwrap(),
        _ => String::new(),
    };
    let time = e.time.as_ref();
    vec![
        e.id.clone(), e.type_.clone(), e.source.clone(), e.resource.clone(), e.resource_id.clone(),
        e.thread_key.clone(),
        time.map(|t| t.seconds.to_string()).unwrap_or_default(),
        time.map(|t| t.nanos.to_string()).unwrap_or_default(),
        payload,
    ]
}

fn conformance(path: &str) -> Result<(), Failure> {
    for line in std::fs::read_to_string(path)?.lines().filter(|l| !l.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let raw: Vec<u8> = (0..columns[1].len()).step_by(2)
            .map(|i| u8::from_str_radix(&columns[1][i..i + 2], 16).unwrap()).collect();
        let event = Event::parse_from_bytes(&raw)?;
        let again = event.write_to_bytes()?;
        let wanted: Vec<String> = columns[3..].iter().map(|s| s.to_string()).collect();
        let ok = fields(&event) == wanted && again.len() == raw.len()
            && fields(&Event::parse_from_bytes(&again)?) == wanted;
        println!("{} {}", if ok { "ok" } else { "differs" }, columns[0]);
    }
    Ok(())
}

async fn send(nc: &async_nats::Client, subject: &str, event: &Event, seconds: u64) -> Result<u64, Failure> {
    let mut js = jetstream::new(nc.clone());
    js.set_timeout(Duration::from_secs(seconds));
    let ack = js.publish(subject.to_string(), event.write_to_bytes()?.into()).await?;
    Ok(tokio::time::timeout(Duration::from_secs(seconds), ack).await??.sequence)
}

fn order(number: u32) -> Event {
    let mut event = Event::new();
    event.id = format!("order-{number}");
    event.type_ = "order.created".into();
    event.resource = "order".into();
    event.resource_id = number.to_string();
    event.set_text_data(r#"{"severity": "high"}"#.into());
    event
}

async fn publish(url: &str, creds: &str, workspace: &str) -> Result<(), Failure> {
    let refused = Arc::new(Mutex::new(String::new()));
    let options = || async {
        let refused = refused.clone();
        Ok::<_, Failure>(ConnectOptions::with_credentials_file(creds).await?.event_callback(move |event| {
            let refused = refused.clone();
            async move { *refused.lock().unwrap() = event.to_string() }
        }))
    };
    let own = format!("carillon.events.{workspace}.order.created");
    let nc = options().await?.custom_inbox_prefix(format!("_INBOX.{workspace}")).connect(url).await?;
    println!("acked {}", send(&nc, &own, &order(1), 10).await?);
    match send(&nc, "carillon.events.globex.order.created", &order(1), 2).await {
        Ok(seq) => println!("stored {seq}"),
        Err(_) => println!("refused {}", refused.lock().unwrap()),
    }
    // With the usual inbox the event is stored, and its answer never comes: so it is sent again.
    let other = options().await?.connect(url).await?;
    match send(&other, &own, &order(2), 2).await {
        Ok(seq) => println!("stored {seq}"),
        Err(error) => println!("timeout {error}"),
    }
    println!("again {}", send(&nc, &own, &order(2), 10).await?);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    match args[1].as_str() {
        "conformance" => conformance(&args[2]),
        _ => publish(&args[2], &args[3], &args[4]).await,
    }
}
