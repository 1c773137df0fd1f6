//! `state`, `output`, `import`: what the state knows, and changing that by hand.

use moodle_stack::session::{Session, belongs_to};
use reconcile::Address;
use reconcile::journal::{Peeked, peek};
use reconcile::record::{Slot, StateEntry};
use reconcile::state::commands::{self, CommandError, Shown};
use reconcile::store::FileStore;
use serde_json::{Value as JsonValue, json};

use crate::arguments::{Global, Json, State as Verb};
use crate::change::{address, place};
use crate::cloud::Cloud;
use crate::exit::{Exit, Failure};
use crate::report::{answer, say};
use crate::stack_file;

/// `oci-moodle state …`.
pub(crate) async fn run(global: &Global, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::List(json) => list(global, json).await,
        Verb::Show { address: text, json } => show(global, &address(&text)?, json).await,
        Verb::Mv { from, to } => {
            let (from, to) = (address(&from)?, address(&to)?);
            change(global, "state mv", async |session| {
                let backup = commands::rename(session.journal(), &from, &to).await?;
                Ok(format!("{from} is now {to}. A backup is in {backup}."))
            })
            .await
        }
        Verb::Rm { addresses } => {
            let addresses = addresses.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
            change(global, "state rm", async |session| {
                let backup = commands::remove(session.journal(), &addresses).await?;
                Ok(format!("{} forgotten; they go on to exist. A backup is in {backup}.", addresses.len()))
            })
            .await
        }
        Verb::Recover { lineage } => {
            change(global, "state recover", async |session| {
                let (journal, driver) = session.journal_and_driver();
                let found = commands::recover(journal, driver, &lineage).await?;
                for (address, identifier) in &found.doubtful {
                    say(&format!("left alone: {identifier} claims to be {address}, and so does another"));
                }
                let (added, known) = (found.added.len(), found.known);
                Ok(format!("{added} found, {known} known before. A backup is in {}.", found.backup))
            })
            .await
        }
    }
}

/// `oci-moodle import`.
pub(crate) async fn import(global: &Global, text: &str, id: &str) -> Result<Exit, Failure> {
    let at = address(text)?;
    change(global, "import", async |session| {
        let (journal, driver) = session.journal_and_driver();
        commands::import(journal, driver, &at, &id.into()).await?;
        Ok(format!("{at} is {id} now. `oci-moodle plan` shows what differs from the file."))
    })
    .await
}

/// Does something to a state that is open, and says what came of it.
async fn change(
    global: &Global,
    reason: &str,
    act: impl AsyncFnOnce(&mut Session) -> Result<String, CommandError>,
) -> Result<Exit, Failure> {
    let file = stack_file::read(global, &world::RealWorld::new())?;
    let cloud =
        Cloud::connect(global, &stack_file::work_folder(global), file.config.cloud.region.as_deref()).await?;
    let place = place(&cloud, &stack_file::state_path(global));
    let ended = match Session::open_without_graph(place, &file.config, reason).await {
        Ok(mut session) => {
            let acted = act(&mut session).await;
            let closed = session.close().await;
            acted.map_err(|error| refused(&error)).and_then(|text| {
                closed?;
                say(&text);
                Ok(Exit::Done)
            })
        }
        Err(error) => Err(error.into()),
    };
    cloud.close().await;
    ended
}

fn refused(error: &CommandError) -> Failure {
    let failure = match error {
        CommandError::Ledger(_) | CommandError::Unreadable { .. } => Failure::because,
        _ => Failure::usage_because,
    };
    failure("could not change the state", error)
}

/// The state, without its lock.
pub(crate) async fn look(global: &Global) -> Result<Peeked, Failure> {
    let path = stack_file::state_path(global);
    let store = FileStore::new(&path);
    let found = peek(&store).await.map_err(|error| {
        Failure::usage_because(format!("the state {} cannot be used", path.display()), &error)
            .hint("nothing was changed; a backup lies beside it, and `oci-moodle state recover` rebuilds it from the cloud")
    })?;
    found.ok_or_else(|| {
        Failure::usage(format!("there is no state in {}", path.display()))
            .hint("`oci-moodle apply` makes one; `-c FILE` and `--state PATH` name others")
    })
}

fn print_json(value: &JsonValue) -> Result<(), Failure> {
    answer(format_args!("{value:#}"))
}

/// The state, which must not be that of another site than the stack file describes. Without a stack file it is whose it is.
async fn look_own(global: &Global) -> Result<Peeked, Failure> {
    let peeked = look(global).await?;
    if let Ok(file) = stack_file::read(global, &world::RealWorld::new()) {
        belongs_to(&peeked.state, &file.config, &stack_file::state_path(global))?;
    }
    Ok(peeked)
}

async fn list(global: &Global, json: Json) -> Result<Exit, Failure> {
    let peeked = look_own(global).await?;
    let all = commands::list(&peeked.state);
    if json.json {
        print_json(&all.iter().map(described).collect())?;
    } else {
        for shown in all {
            line(&shown)?;
        }
    }
    Ok(Exit::Done)
}

fn line(shown: &Shown<'_>) -> Result<(), Failure> {
    let deposed = if shown.slot == Slot::Current { "" } else { " (deposed)" };
    answer(format_args!("{}{deposed}", shown.address))
}

fn described(shown: &Shown<'_>) -> JsonValue {
    let StateEntry { identifier, protect, status, .. } = &**shown.entry;
    json!({
        "address": shown.address,
        "id": identifier,
        "deposed": shown.slot != Slot::Current,
        "protected": protect,
        "status": status,
    })
}

async fn show(global: &Global, at: &Address, json: Json) -> Result<Exit, Failure> {
    let peeked = look_own(global).await?;
    let all = commands::show(&peeked.state, at)
        .map_err(|error| Failure::usage_because("nothing to show", &error))?;
    for shown in all {
        let mut whole = described(&shown);
        whole["attributes"] = json!(shown.entry.attributes);
        if json.json {
            print_json(&whole)?;
        } else {
            line(&shown)?;
            for (name, value) in shown.entry.attributes.iter() {
                answer(format_args!("    {name} = {value}"))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// `oci-moodle output`.
pub(crate) async fn output(global: &Global, name: Option<&str>, json: Json) -> Result<Exit, Failure> {
    let peeked = look_own(global).await?;
    let outputs = peeked.state.outputs();
    let Some(name) = name else {
        if json.json {
            print_json(&json!(outputs))?;
        } else {
            for (name, value) in outputs.iter() {
                answer(format_args!("{name} = {value}"))?;
            }
        }
        return Ok(Exit::Done);
    };
    let value = outputs.get(name).ok_or_else(|| {
        let near = reconcile::graph::suggest(name, outputs.keys().map(|name| &**name));
        let failure = Failure::usage(format!("there is no output `{name}`"));
        match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`oci-moodle output` lists all"),
        }
    })?;
    match value.as_str() {
        Some(text) if !json.json => answer(text)?,
        _ => print_json(&json!(value))?,
    }
    Ok(Exit::Done)
}
