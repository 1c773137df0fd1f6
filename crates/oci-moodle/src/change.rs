//! `plan`, `apply`, `destroy`, `drift`: what is to be done, and doing it.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::Path;

use moodle_stack::codes::Code;
use moodle_stack::session::{self, Place, Session};
use moodle_stack::site::{self, Fault, Site};
use moodle_stack::stack::Facts;
use moodle_stack::verify::Changes;
use reconcile::Address;
use reconcile::plan::{Action, Deferred, Mode, Observed, Pattern, Plan, PlanOptions, Problem, SavedPlan};
use reconcile::run::Summary;
use serde_json::json;

use crate::arguments::{Apply, Destroy, Global, Json, Plan as PlanArguments, Selection};
use crate::cloud::Cloud;
use crate::consent::{Consent, refused};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::report::{answer, say};
use crate::stack_file::{self, StackFile};
use crate::view::progress::{Mode as Shown, Reporter};
use crate::view::{self, Style};

/// `oci-moodle plan`.
pub(crate) async fn plan(global: &Global, arguments: &PlanArguments) -> Result<Exit, Failure> {
    let mode = if arguments.destroy { Mode::Destroy } else { Mode::Apply };
    let options = options(&arguments.selection, mode)?;
    let mut run =
        Run::begin(global, mode, arguments.selection.refresh, ("plan", arguments.json.json)).await?;
    // As `destroy` itself: whoever asks for it means everything, also what holds data.
    let options = match mode {
        Mode::Destroy => {
            let PlanOptions { consent, .. } = run.session.destroy_options(false);
            PlanOptions { consent, ..options }
        }
        Mode::Apply | Mode::RefreshOnly => options,
    };
    let ended = run.show_plan(arguments, &options).await;
    run.end(ended).await
}

/// `oci-moodle drift`.
pub(crate) async fn drift(global: &Global, json: Json) -> Result<Exit, Failure> {
    let mut run = Run::begin(global, Mode::RefreshOnly, true, ("drift", json.json)).await?;
    let ended = run.show_drift(json).await;
    run.end(ended).await
}

/// `oci-moodle apply`.
pub(crate) async fn apply(global: &Global, arguments: &Apply) -> Result<Exit, Failure> {
    let consent = Consent::of(arguments.auto_approve, "apply")?;
    let options = options(&arguments.selection, Mode::Apply)?;
    let saved =
        arguments.plan.as_deref().map(|path| read_plan(path).map(|saved| (path, saved))).transpose()?;
    let mode = saved.as_ref().map_or(Mode::Apply, |(_, saved)| saved.plan().mode());
    let mut run =
        Run::begin(global, mode, arguments.selection.refresh, ("apply", arguments.json.json)).await?;
    let ended = run.change(saved, &options, consent, arguments.json).await;
    run.end(ended).await
}

/// `oci-moodle destroy`.
pub(crate) async fn destroy(global: &Global, arguments: &Destroy) -> Result<Exit, Failure> {
    let consent = Consent::of(arguments.auto_approve, "destroy")?;
    let mut run = Run::begin(global, Mode::Destroy, true, ("destroy", arguments.json.json)).await?;
    // Whoever says `destroy` means everything; what is kept is said by `--keep-data`.
    let options = run.session.destroy_options(arguments.keep_data);
    let ended = run.destroy(&options, consent, arguments).await;
    run.end(ended).await
}

fn options(selection: &Selection, mode: Mode) -> Result<PlanOptions, Failure> {
    let addresses = |texts: &[String]| texts.iter().map(|text| address(text)).collect::<Result<_, _>>();
    let patterns = |texts: &[String]| {
        let parse = |text: &String| {
            text.parse()
                .map_err(|error| Failure::usage(format!("`{text}` is no pattern of addresses: {error}")))
        };
        texts.iter().map(parse).collect::<Result<_, _>>()
    };
    Ok(PlanOptions {
        mode,
        only: patterns(&selection.only)?,
        exclude: patterns(&selection.exclude)?,
        consent: addresses(&selection.consent)?,
        replace: addresses(&selection.replace)?,
        ..PlanOptions::default()
    })
}

/// An address in an argument.
pub(crate) fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|error| Failure::usage_because(format!("`{text}` is no address"), &error))
}

#[expect(clippy::disallowed_methods, reason = "a file that the user names")]
fn read_plan(path: &Path) -> Result<SavedPlan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage_because(format!("could not read the plan {}", path.display()), &error)
    })?;
    SavedPlan::from_json(&text).map_err(|error| {
        Failure::usage_because(format!("{} is no plan that can be used", path.display()), &error)
    })
}

/// One run: a cloud, and a stack with its state open.
struct Run {
    file: StackFile,
    cloud: Cloud,
    session: Session,
    interrupt: Interrupt,
    refresh: bool,
    reporter: Reporter,
    global: Global,
}

impl Run {
    async fn begin(
        global: &Global,
        mode: Mode,
        refresh: bool,
        (reason, json): (&str, bool),
    ) -> Result<Self, Failure> {
        let interrupt =
            Interrupt::listen().map_err(|error| Failure::because("could not listen for signals", &error))?;
        let file = stack_file::read(global, &world::RealWorld::new())?;
        say(&file.warnings);
        let work = stack_file::work_folder(global);
        let state = stack_file::state_path(global);
        let known = if refresh { None } else { session::known_facts(&state, &file.config) };
        // What is known is planned without anybody being asked.
        let asks_nobody =
            mode == Mode::Apply && known.is_some() && reason == "plan" && session::is_settled(&state).await;
        // Nothing is changed yet, so that whatever waits for a slow network may be dropped.
        let cloud = if asks_nobody {
            Cloud::nowhere()?
        } else {
            let region = file.config.cloud.region.as_deref();
            interrupt.or(Cloud::connect(global, &work, region)).await.ok_or_else(Failure::interrupted)??
        };
        let opened = interrupt.or(open(&cloud, &file, &state, mode, known, reason)).await;
        let opened = opened.unwrap_or_else(|| Err(Failure::interrupted()));
        match opened {
            Ok(session) => {
                let reporter = reporter(global, &cloud, json);
                let global = global.clone();
                Ok(Self { file, cloud, session, interrupt, refresh, reporter, global })
            }
            Err(failure) => {
                cloud.close().await;
                Err(failure)
            }
        }
    }

    /// Closes what is open, whatever came of the run.
    async fn end(self, ended: Result<Exit, Failure>) -> Result<Exit, Failure> {
        self.reporter.finish();
        let closed = self.session.close().await;
        self.cloud.close().await;
        let exit = ended?;
        closed?;
        Ok(exit)
    }

    /// Settles, looks and plans; `None` when interrupted.
    async fn make_plan(&mut self, options: &PlanOptions) -> Result<Option<Plan>, Failure> {
        let observed = self.look(options).await?;
        Ok(observed.map(|observed| self.session.plan(&observed, options)))
    }

    /// Settles and looks; `None` when interrupted.
    async fn look(&mut self, options: &PlanOptions) -> Result<Option<Observed>, Failure> {
        for pattern in options.only.iter().chain(&options.exclude) {
            self.means_something(pattern)?;
        }
        self.session.settle(&mut self.reporter, &self.interrupt.cancel).await?;
        Ok(self.interrupt.or(self.session.refresh(self.refresh)).await)
    }

    /// A pattern that means nothing is a slip of the pen: a run that did nothing for it would seem to have succeeded.
    fn means_something(&self, pattern: &Pattern) -> Result<(), Failure> {
        let wanted = self.session.graph().nodes().iter().map(|node| &node.address);
        let mut all = wanted.chain(self.session.state().entries().map(|(address, _)| address));
        if all.any(|address| pattern.matches(address)) {
            return Ok(());
        }
        let refusal =
            Failure::usage(format!("`{pattern}` means nothing that is in the stack or in the state"));
        Err(refusal.hint("`oci-moodle state list` and `plan` show the addresses; `*` stands for anything"))
    }

    async fn show_plan(&mut self, arguments: &PlanArguments, options: &PlanOptions) -> Result<Exit, Failure> {
        let Some(plan) = self.make_plan(options).await? else { return Ok(Exit::Interrupted) };
        show(&plan, &self.global, arguments.json.json)?;
        refuse_problems(&plan)?;
        let is_empty = plan.is_empty();
        let known = if is_empty { all_is_known(&plan, options) } else { Ok(()) };
        if let Some(path) = &arguments.out {
            let saved = SavedPlan::new(plan, self.session.state(), self.session.key());
            write_plan(path, &saved)?;
        }
        if !arguments.detailed_exitcode {
            return Ok(Exit::Done);
        }
        known?;
        Ok(if is_empty { Exit::Done } else { Exit::Changes })
    }

    async fn show_drift(&mut self, json: Json) -> Result<Exit, Failure> {
        let Some(observed) = self.look(&PlanOptions::default()).await? else { return Ok(Exit::Interrupted) };
        let options = PlanOptions { mode: Mode::RefreshOnly, ..PlanOptions::default() };
        let plan = self.session.plan(&observed, &options);
        show(&plan, &self.global, json.json)?;
        if !plan.drift().is_empty() {
            return Ok(Exit::Changes);
        }
        // What could not be seen is told by a plan that would have to do with it.
        let options = PlanOptions::default();
        all_is_known(&self.session.plan(&observed, &options), &options)?;
        Ok(Exit::Done)
    }

    async fn change(
        &mut self,
        saved: Option<(&Path, SavedPlan)>,
        options: &PlanOptions,
        consent: Consent,
        json: Json,
    ) -> Result<Exit, Failure> {
        let plan = match saved {
            Some((path, saved)) => {
                let plan = saved.for_state(self.session.state(), self.session.key());
                plan.map_err(|stale| {
                    Failure::usage_because(
                        format!("the plan {} cannot be used any more", path.display()),
                        &stale,
                    )
                })?
            }
            None => match self.make_plan(options).await? {
                Some(plan) => plan,
                None => return Ok(Exit::Interrupted),
            },
        };
        if !json.json {
            show(&plan, &self.global, false)?;
        }
        refuse_problems(&plan)?;
        if !plan.is_empty() {
            let question = match plan.mode() {
                Mode::Destroy => "Remove all of this?",
                Mode::Apply | Mode::RefreshOnly => "Do this?",
            };
            match consent.agrees(question, &self.interrupt).await {
                Some(true) => {}
                Some(false) => return Ok(refused(Exit::Failed)),
                None => return Ok(refused(Exit::Interrupted)),
            }
            let options = Session::apply_options(&plan);
            self.reporter.planned(&plan, &options);
            let summary =
                self.session.apply(&plan, &options, &mut self.reporter, &self.interrupt.cancel).await?;
            self.reporter.ended(&summary);
            if let Some(exit) = unfinished(&self.global, &self.file, &summary) {
                if summary.failed.iter().any(|end| end.action == Action::Check) {
                    self.explain().await;
                }
                return Ok(exit);
            }
        }
        nothing_was_in_doubt(&plan, options)?;
        if plan.mode() == Mode::Destroy {
            if self.session.state().entries().len() == 0 {
                self.reporter.tell("Everything is gone.", json!({"type": "gone"}));
            }
            return Ok(Exit::Done);
        }
        let exit = self.answers().await?;
        if exit == Exit::Done && !plan.is_empty() {
            self.look_again(options).await;
        }
        Ok(exit)
    }

    /// What is there must be what was asked for: a second plan has nothing to do. Whatever it finds is said and no failure: somebody may
    /// have changed something meanwhile.
    async fn look_again(&self, options: &PlanOptions) {
        let Some(observed) = self.interrupt.or(self.session.refresh(true)).await else { return };
        let options = PlanOptions { replace: BTreeSet::new(), ..options.clone() };
        let plan = self.session.plan(&observed, &options);
        let (steps, doubts) = (plan.steps().len(), session::in_doubt(&plan, &options).len());
        let text = if steps > 0 {
            let steps = view::counted(steps, "step", "steps");
            format!("a second plan has {steps}: `oci-moodle plan` shows what they do")
        } else if doubts > 0 {
            "a second plan could not see everything: `oci-moodle plan` shows what it left out".to_owned()
        } else {
            "a second plan has nothing to do".to_owned()
        };
        self.reporter.tell(text, json!({"type": "second_plan", "steps": steps}));
    }

    async fn destroy(
        &mut self,
        options: &PlanOptions,
        consent: Consent,
        arguments: &Destroy,
    ) -> Result<Exit, Failure> {
        if !arguments.keep_data {
            return self.change(None, options, consent, arguments.json).await;
        }
        let question = "Remove everything but the file system and a last backup of the database?";
        match consent.agrees(question, &self.interrupt).await {
            Some(true) => {}
            Some(false) => return Ok(refused(Exit::Failed)),
            None => return Ok(refused(Exit::Interrupted)),
        }
        let failed = |error| Failure::because("could not see to a last backup of the database", &error);
        // Dropped at any moment, it has changed nothing but what happens at a deletion.
        let Some(kept) = self.interrupt.or(self.session.require_final_backup()).await else {
            return Ok(Exit::Interrupted);
        };
        let kept = kept.map_err(failed)?;
        let exit = self.change(None, options, Consent::Given, arguments.json).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        let listed =
            |error| Failure::because("everything is gone, and the backups could not be listed", &error);
        let kept = self.session.with_backups(kept).await.map_err(listed)?;
        let files = kept.file_system_id.as_deref().unwrap_or("none");
        let backup = kept.backup_ids.first().map_or("none", String::as_str);
        let text = format!("kept: the file system {files}; the last backup of the database {backup}");
        self.reporter.tell(text, json!({"type": "kept", "kept": kept}));
        Ok(exit)
    }

    /// Says why servers did not become healthy.
    async fn explain(&self) {
        let (client, time) = (self.cloud.client.clone(), self.cloud.time.clone());
        let Some(site) = Site::new(client, time, &self.file.config, self.session.state()) else { return };
        let visitor = self.cloud.visitor(site.load_balancer_id());
        let faults = self.interrupt.or(site.faults(&visitor)).await.unwrap_or_default();
        self.tell_faults(&faults);
    }

    fn tell_faults(&self, faults: &[Fault]) {
        for fault in faults {
            self.reporter.tell(format!("wrong: {fault}"), json!({"type": "fault", "fault": fault}));
        }
    }

    /// Done means that the site answers.
    async fn answers(&self) -> Result<Exit, Failure> {
        let state = self.session.state();
        let (client, time) = (self.cloud.client.clone(), self.cloud.time.clone());
        let Some(site) = Site::new(client, time, &self.file.config, state) else {
            let text = "The stack is not complete, so nobody can say whether the site answers.";
            self.reporter.tell(text, json!({"type": "incomplete"}));
            return Ok(Exit::Done);
        };
        self.reporter.tell(
            format!("waiting for {} to answer", site.url()),
            json!({"type": "waiting_for_answer", "url": site.url()}),
        );
        let visitor = self.cloud.visitor(site.load_balancer_id());
        let answer = site.until_it_answers(&visitor, &self.interrupt.cancel).await;
        if self.interrupt.is_asked() && answer.is_err() {
            return Ok(Exit::Interrupted);
        }
        let answer = answer.map_err(|silent| {
            self.tell_faults(&silent.faults);
            let failure = Failure::because("everything is there, and the site does not answer", &silent);
            failure.hint("`oci-moodle status` shows each tier; another `apply` waits on")
        })?;
        let port = self.cloud.local_port(site.load_balancer_id(), site::first_listener()).await;
        let local = port.map(|port| format!("http://{port}/"));
        let here = local.as_ref().map_or_else(String::new, |local| format!("; on this machine: {local}"));
        let location = answer.location.as_ref().map_or_else(String::new, |to| format!(", Location: {to}"));
        let fields = json!({
            "type": "answers",
            "url": site.url(),
            "status": answer.status,
            "location": answer.location,
            "local_url": local,
        });
        self.reporter.tell(format!("{} answers {}{location}{here}", site.url(), answer.status), fields);
        Ok(Exit::Done)
    }
}

/// What a plan would change, for who only looks.
pub(crate) async fn changes(global: &Global, cloud: &Cloud, file: &StackFile) -> Changes {
    let place = place(cloud, &stack_file::state_path(global));
    session::changes(place, (&file.config, &file.folder, &run_program)).await
}

/// What shows a run: on stderr for people, on stdout for programs.
fn reporter(global: &Global, cloud: &Cloud, json: bool) -> Reporter {
    let is_terminal = std::io::stderr().is_terminal();
    let out: Box<dyn std::io::Write + Send> =
        if json { Box::new(std::io::stdout()) } else { Box::new(std::io::stderr()) };
    let style = Style::choose(global.color, is_terminal, &*cloud.machine);
    Reporter::start(Shown::choose(json, global.quiet, is_terminal), style, cloud.time.clone(), out)
}

/// Where a run takes place.
pub(crate) fn place(cloud: &Cloud, state: &Path) -> Place {
    Place {
        client: cloud.client.clone(),
        cloud_time: cloud.time.clone(),
        machine: cloud.machine.clone(),
        state: state.to_owned(),
    }
}

async fn open(
    cloud: &Cloud,
    file: &StackFile,
    state: &Path,
    mode: Mode,
    known: Option<Facts>,
    reason: &str,
) -> Result<Session, Failure> {
    let place = place(cloud, state);
    if mode == Mode::Destroy {
        return Ok(Session::open_without_graph(place, &file.config, reason).await?);
    }
    Ok(Session::open(place, (&file.config, &file.folder, &run_program), known, reason).await?)
}

/// Runs a program that a secret comes from.
pub(crate) fn run_program(words: &[String]) -> std::io::Result<Vec<u8>> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(std::io::Error::other("no program is named"));
    };
    let output = std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(std::io::Error::other(output.status.to_string()))
    }
}

#[expect(clippy::disallowed_methods, reason = "a file that the user names")]
fn write_plan(path: &Path, saved: &SavedPlan) -> Result<(), Failure> {
    std::fs::write(path, saved.to_json())
        .map_err(|error| Failure::because(format!("could not write the plan to {}", path.display()), &error))
}

/// Columns where nobody says how many there are.
const COLUMNS: usize = 100;

fn show(plan: &Plan, global: &Global, json: bool) -> Result<(), Failure> {
    let options = Session::apply_options(plan);
    if json {
        return answer(format_args!("{:#}", view::plan::json(plan, &options)));
    }
    let is_terminal = std::io::stdout().is_terminal();
    let columns = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| usize::from(width.0));
    let style = Style::choose(global.color, is_terminal, &world::RealWorld::new());
    answer(view::plan::render(plan, &options, view::plan::Show { style, columns }))
}

/// What a run left out although nobody asked for that: who did the rest has not done what was asked. What a destroy left out may go on
/// to exist, and to cost money.
fn nothing_was_in_doubt(plan: &Plan, options: &PlanOptions) -> Result<(), Failure> {
    let doubts = session::in_doubt(plan, options);
    if doubts.is_empty() {
        return Ok(());
    }
    let (attempted, hint) = match plan.mode() {
        Mode::Destroy => {
            ("could not remove everything", "run it again; `oci-moodle state list` shows what is left")
        }
        Mode::Apply | Mode::RefreshOnly => (
            "could not see to everything: nobody can say how this is, so it was left as it is",
            "run it again; what stays hidden needs a policy that shows it, or has gone for good: `oci-moodle state rm ADDRESS` forgets it, \
             and the next `apply` makes it anew",
        ),
    };
    Err(doubtful(&doubts, attempted, hint))
}

/// A plan without changes says that there are none only where everything could be seen.
fn all_is_known(plan: &Plan, options: &PlanOptions) -> Result<(), Failure> {
    let doubts = session::in_doubt(plan, options);
    if doubts.is_empty() {
        return Ok(());
    }
    let attempted = "could not tell whether there are changes";
    Err(doubtful(
        &doubts,
        attempted,
        "run it again; what stays hidden needs a policy that shows it, or has gone",
    ))
}

fn doubtful(doubts: &[&Deferred], attempted: &str, hint: &str) -> Failure {
    let failure = Failure::failed(attempted).code(Code::InDoubt);
    let failure = doubts
        .iter()
        .fold(failure, |failure, deferred| failure.cause(format!("{}: {}", deferred.address, deferred.why)));
    if session::may_pass(doubts) {
        failure.later().hint("wait until that is over, and run it again")
    } else {
        failure.hint(hint)
    }
}

/// A plan that cannot be applied is bad input: it says what of the file cannot be.
fn refuse_problems(plan: &Plan) -> Result<(), Failure> {
    if plan.problems().is_empty() {
        return Ok(());
    }
    let words = |problem: &Problem| {
        let at = problem.address.as_ref().map_or_else(String::new, |address| format!("{address}: "));
        format!("{at}{}", problem.message)
    };
    let failure = Failure::usage("the plan cannot be applied");
    Err(plan.problems().iter().map(words).fold(failure, Failure::cause))
}

/// Says what went wrong in a run, and how the program ends; `None` when everything is done.
fn unfinished(global: &Global, file: &StackFile, summary: &Summary) -> Option<Exit> {
    if summary.is_success() {
        return None;
    }
    let style = Style::choose(global.color, std::io::stderr().is_terminal(), &world::RealWorld::new());
    for report in view::diagnostics::of_run(summary, Some((&file.source, &file.places))) {
        say(&report.render(style));
    }
    if summary.cancelled {
        return Some(Exit::Interrupted);
    }
    let only_room = !summary.failed.is_empty() && summary.failed.iter().all(|end| end.is_for_want_of_room);
    Some(if only_room { Exit::Later } else { Exit::Failed })
}
