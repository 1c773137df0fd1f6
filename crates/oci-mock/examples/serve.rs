//! A mock OCI for any client: `cargo run --release -p oci-mock --example serve -- --credentials DIR`.
//!
//! Then, for example: `oci --config-file DIR/config --endpoint URL iam region list`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

use std::process::ExitCode;

use oci_mock::serve::{ServeOptions, serve};

const USAGE: &str = "usage: serve [--listen ADDRESS] [--credentials DIR] [--data FILE] [--time-scale N] \
[--seed N] [--region ID] [--faults FILE] [--ready-file FILE] [--check-answers]";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    match serve(&options).await {
        Ok(server) => {
            println!("{}", server.base_url());
            let _ = tokio::signal::ctrl_c().await;
            server.stop().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<ServeOptions, String> {
    let mut options = ServeOptions::default();
    while let Some(name) = arguments.next() {
        if name == "--check-answers" {
            options.check_answers = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let wrong = |why: &dyn std::fmt::Display| format!("{name} {value}: {why}");
        match name.as_str() {
            "--listen" => options.listen = value.parse().map_err(|why| wrong(&why))?,
            "--time-scale" => options.time_scale = value.parse().map_err(|why| wrong(&why))?,
            "--seed" => options.seed = value.parse().map_err(|why| wrong(&why))?,
            "--region" => options.region = value,
            "--credentials" => options.credentials = Some(value.into()),
            "--data" => options.data = Some(value.into()),
            "--faults" => options.faults = Some(value.into()),
            "--ready-file" => options.ready_file = Some(value.into()),
            _ => return Err(format!("there is no option {name}")),
        }
    }
    Ok(options)
}
