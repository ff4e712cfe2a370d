//! Scenarios on the kernel that runs the tests. Where a place can't be had, a test says so and tells nothing.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use checker::explicit::{Options, check, explore};

fn shortcopy(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_shortcopy");
    Command::new(program).arg("live").args(arguments).output().expect("the command is there")
}

/// The line of JSON for one path; none where nothing could be run, which is said.
fn line(arguments: &[&str]) -> Option<(serde_json::Value, Option<i32>)> {
    let output = shortcopy(&[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8(output.stdout).expect("text");
    let value = serde_json::from_str(said.lines().next().unwrap_or_default());
    let value: serde_json::Value =
        value.unwrap_or_else(|why| panic!("{why}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    let schema = serde_json::from_str(report::SCHEMA).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(schema.is_valid(&value), "{value}");
    if output.status.code() == Some(77) {
        eprintln!("nothing ran: {}", value["not_run"]);
        return None;
    }
    let mut not_run = value["not_run"].as_object().into_iter().flat_map(|not| not.keys());
    assert!(!not_run.any(|why| why.starts_with("the process that ran")), "{}", value["not_run"]);
    Some((value, output.status.code()))
}

/// The direct tier on tmpfs: every run comes to a predicted final state, and every predicted one is seen.
#[test]
fn this_kernel_does_what_is_predicted_of_tmpfs() {
    let Some((line, status)) = line(&["simple/tmpfs"]) else { return };
    let said = format!("{}: {}", line["variant"], line["chosen_because"]);
    assert_eq!(line["outside"], serde_json::json!([]), "{said}");
    assert_eq!(status, Some(0), "{said}");
    assert!(line["runs"].as_u64().is_some_and(|runs| runs > 300), "{}", line["runs"]);
    let not_seen = line["not_seen"].as_array().map_or(0, Vec::len) as u64;
    assert_eq!(line["seen"].as_u64().map(|seen| seen + not_seen), line["predicted"].as_u64());
    assert_eq!(not_seen, 0, "{}", line["not_seen"]);
}

/// Who looks at all loop devices of the machine must be alone with those who have some.
fn with_devices() -> MutexGuard<'static, ()> {
    static DEVICES: Mutex<()> = Mutex::new(());
    DEVICES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What runs of the tiers that take a device, or a server: more than 20,000 runs in about a minute and a half.
const ALWAYS: [&str; 8] = [
    "fuse/writethrough",
    "btrfs/buffered",
    "ext4/delalloc",
    "ext4/ordered:*-invalid*",
    "ext4/ordered:*-with-reader",
    "ext4/journalled:*-straddling-*",
    "ext4/journalled:*-with-commit",
    "generic/block:*-straddling-invalid",
];

/// And where `SHORTCOPY_LONG` is set: 50,000 runs in some four minutes.
const LONG: [&str; 7] = [
    "fuse/writethrough",
    "btrfs/buffered",
    "ext4/delalloc",
    "ext4/ordered",
    "ext4/journalled",
    "generic/block",
    "simple/ramfs",
];

/// What runs comes to predicted final states, alone and with others, and where somebody is held; an image is sound and reads
/// as before when it is mounted anew.
#[test]
fn this_kernel_does_what_is_predicted_of_file_systems_on_images_and_of_fuse() {
    let _alone = with_devices();
    let targets = if std::env::var_os("SHORTCOPY_LONG").is_some() { &LONG[..] } else { &ALWAYS };
    let begun = std::time::Instant::now();
    // Most of the time somebody waits for who is held, so all are at it at once.
    let lines: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = targets.iter().map(|target| scope.spawn(|| line(&[target]))).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    let mut runs = 0;
    for (target, line) in targets.iter().zip(lines) {
        let Some((line, _)) = line else { continue };
        let said = format!("{target}@{}: {}", line["variant"], line["chosen_because"]);
        let path = line["path"].as_str().unwrap_or_default();
        assert_eq!(line["outside"], serde_json::json!([]), "{said}");
        assert_eq!(line["damage"], serde_json::json!([]), "{said}");
        let count = |what: &str| line[what].as_u64().unwrap_or_default();
        assert!(count("runs") > 20, "{said}: {}", count("runs"));
        let is_image = path != "fuse/writethrough" && !path.starts_with("simple/");
        assert_eq!(count("read_again") > 0, is_image, "{said}");
        if !target.contains(':') && path != "simple/ramfs" {
            assert!(count("held") > 50 && count("beside") > 1000 && count("attempts") > 100, "{said}");
        }
        runs += count("runs");
    }
    println!("{runs} runs in {:.0} s", begun.elapsed().as_secs_f64());
}

/// A server to whom the kernel writes back when it likes: what this kernel does is what a variant says, or it is said that
/// none does.
#[test]
fn a_path_of_which_no_variant_does_what_this_kernel_does_is_left_out_with_that_reason() {
    let _alone = with_devices();
    let output = shortcopy(&["fuse/writeback", "--format", "json"]);
    let said = String::from_utf8(output.stdout).expect("text");
    let line: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let why = line["chosen_because"].as_str().unwrap_or_default();
    let is_left_out = why.starts_with("no variant does what this kernel does");
    assert_eq!(is_left_out && line["runs"] == 0, is_left_out, "{line}");
    assert_eq!(line["outside"], serde_json::json!([]));
}

/// The negative control: the same runs, held against what an old kernel did, come out outside in the rows that changed
/// since, and in no others.
#[test]
fn the_same_runs_are_outside_of_an_old_kernels_in_the_rows_that_changed() {
    let Some((today, _)) = line(&["simple/tmpfs"]) else { return };
    let first = today["chosen_because"].as_str().unwrap_or_default();
    if !first.contains("the copy comes before the prefault") {
        eprintln!("this kernel is an old one itself: {first}");
        return;
    }
    let (old, status) = line(&["simple/tmpfs@v4.2"]).expect("the same can be run");
    assert_eq!(status, Some(1));
    assert_eq!(old["runs"], today["runs"], "they are the same runs");
    let outside = old["outside"].as_array().expect("a list");
    let rows: BTreeSet<&str> = outside.iter().filter_map(|one| one["scenario"].as_str()).collect();
    let changed = changed_rows("simple/tmpfs", "v4.2", today["variant"].as_str().unwrap_or_default());
    assert!(!rows.is_empty());
    let rows: BTreeSet<String> = rows.into_iter().map(str::to_owned).collect();
    assert!(rows.is_subset(&changed), "{rows:?} beside {changed:?}");
    // What is told repeats it.
    let again =
        outside[0]["command"].as_str().and_then(|command| command.split('\'').nth(1)).expect("a test");
    let single = shortcopy(&["--test", again]);
    assert_eq!(
        String::from_utf8_lossy(&single.stdout).trim(),
        outside[0]["observed"].as_str().unwrap_or_default()
    );
}

/// The scenarios whose final states differ between two variants.
fn changed_rows(path: &str, old: &str, new: &str) -> BTreeSet<String> {
    let told = |variant: &str| {
        let program = env!("CARGO_BIN_EXE_shortcopy");
        let target = format!("{path}@{variant}");
        let output =
            Command::new(program).args(["check", &target, "--final-states", "--format", "json"]).output();
        let said = String::from_utf8(output.expect("the command is there").stdout).expect("text");
        let lines = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        lines.map(|line| (line["scenario"].to_string(), line["initial_states"].clone())).collect::<Vec<_>>()
    };
    let (old, new) = (told(old), told(new));
    let differ =
        |(name, states): &&(String, serde_json::Value)| !new.contains(&(name.clone(), states.clone()));
    old.iter().filter(differ).map(|(name, _)| name.trim_matches('"').to_owned()).collect()
}

#[test]
fn a_folder_is_left_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a name");
    let output = shortcopy(&["simple/tmpfs:within-invalid", "--in", path]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1 | 77)), "{said}");
    assert_eq!(std::fs::read_dir(path).expect("a folder").count(), 0);
}

#[test]
fn what_can_not_be_run_says_why() {
    for (arguments, why) in [
        (&["nfs/write"][..], "is known"),
        (&["simple/tmpfs", "--in", "/there/is/none"], "No such file"),
        (
            &[
                "--test",
                "ext4:2048:no=such unit=1024 block=2048 size=0 blocks= page=absent source=absent write=0+1",
            ],
            "not run",
        ),
    ] {
        let output = shortcopy(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if arguments[0] == "nfs/write" && output.status.code() == Some(2) {
            continue;
        }
        assert_eq!(output.status.code(), Some(77), "{arguments:?}: {said}");
        assert!(said.contains(why), "{said}");
    }
    for wrong in ["tmpfs", "nowhere unit=1", "tmpfs unit=1024"] {
        assert_eq!(shortcopy(&["--test", wrong]).status.code(), Some(2), "{wrong}");
    }
}

/// What is left of something that was killed: processes, mounts, loop devices, files beside others' temporary ones.
#[derive(PartialEq, Eq, Debug)]
struct Left {
    processes: Vec<String>,
    mounts: BTreeSet<String>,
    loops: BTreeSet<String>,
    connections: BTreeSet<String>,
}

/// The connections of the kernel to file servers; none where nobody tells.
fn connections() -> BTreeSet<String> {
    let folder = "/sys/fs/fuse/connections";
    let list = format!("mount -n -t fusectl none {folder} 2> /dev/null; ls {folder}");
    let listed = Command::new("unshare").args(["-m", "sh", "-c", &list]).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    listed.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

const MARK: &str = "SHORTCOPY_TEST_MARK";

impl Left {
    fn by(mark: &str) -> Left {
        let numbers = std::fs::read_dir("/proc").expect("proc").flatten().map(|entry| entry.path());
        let is_ours = |path: &std::path::PathBuf| {
            let environment = std::fs::read(path.join("environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|one| one == format!("{MARK}={mark}").as_bytes())
        };
        let processes = numbers.filter(is_ours).map(|path| path.display().to_string()).collect();
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let devices = std::fs::read_dir("/sys/block").into_iter().flatten().flatten();
        let backing =
            devices.filter_map(|entry| std::fs::read_to_string(entry.path().join("loop/backing_file")).ok());
        let is_ours = |file: &String| {
            let file = file.trim().trim_end_matches(" (deleted)");
            file.ends_with("/image") || file.ends_with("/served/disk")
        };
        let loops = backing.filter(is_ours).collect();
        Left {
            processes,
            mounts: mounts.lines().map(str::to_owned).collect(),
            loops,
            connections: connections(),
        }
    }
}

/// Whatever is killed, at whatever moment, nothing stays.
#[test]
fn nothing_stays_behind_what_is_killed() {
    use std::time::{Duration, Instant};
    let _alone = with_devices();
    let times = if std::env::var_os("SHORTCOPY_LONG").is_some() { 100 } else { 6 };
    let mark = format!("{}", std::process::id());
    let before = Left::by(&mark);
    let mut random = 0x9e37_79b9_u64;
    for round in 0..times {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let target = [
            "ext4/ordered:within-invalid",
            "fuse/writethrough:*-absent*",
            "ext4/ordered:within-absent-with-*",
            "simple/tmpfs:*",
        ][round % 4];
        let mut child = Command::new(env!("CARGO_BIN_EXE_shortcopy"))
            .args(["live", target])
            .env(MARK, &mark)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the command is there");
        std::thread::sleep(Duration::from_micros((random >> 33) % 1_800_000));
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
        let begun = Instant::now();
        loop {
            let now = Left::by(&mark);
            if now == before {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "round {round}: {now:?} beside {before:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What `reproduce` writes.
fn reproduced(arguments: &[&str]) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_shortcopy")).arg("reproduce").args(arguments).output();
    let made = made.expect("the command is there");
    assert!(made.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).expect("text")
}

/// A folder in memory.
fn in_memory() -> tempfile::TempDir {
    let folder = if std::path::Path::new("/dev/shm").exists() { "/dev/shm" } else { "." };
    tempfile::tempdir_in(folder).expect("a folder")
}

/// Compiles a program, without a warning, and runs it; none where there is no compiler.
fn ran(text: &str) -> Option<(Option<i32>, String)> {
    assert!(text.lines().count() < 150, "{} lines", text.lines().count());
    let folder = in_memory();
    let (source, binary) = (folder.path().join("t.c"), folder.path().join("t"));
    std::fs::write(&source, text).expect("a file");
    let compiled = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .args([&binary, &source])
        .output();
    let Ok(compiled) = compiled else {
        eprintln!("there is no C compiler");
        return None;
    };
    assert!(compiled.status.success(), "{}\n{text}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&binary).arg(folder.path()).output().expect("it was made");
    Some((ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned()))
}

/// Whether a write that fails makes a file of tmpfs longer on this kernel: what a program exits with. None where nothing
/// may be mounted, so that nothing is known.
fn shown() -> Option<i32> {
    let (line, _) = line(&["simple/tmpfs:beyond-invalid"])?;
    let why = line["chosen_because"].as_str()?;
    Some(i32::from(why.contains("comes before the prefault")))
}

const SHOWN_ON_TMPFS: [&[&str]; 4] = [
    &["simple/tmpfs@v6.18:beyond-invalid#1"],
    &["simple/tmpfs@v6.18:beyond-unmapped#1"],
    &["simple/tmpfs@v6.18:beyond-empty-then-invalid#1"],
    &["simple/tmpfs@v6.18:beyond-unmapped#1", "--by", "latch"],
];

/// Every program that is made for tmpfs compiles without a warning, and says that what is wrong is there, as it is.
#[test]
fn a_program_shows_on_tmpfs_what_is_recorded() {
    let shown = shown();
    for target in SHOWN_ON_TMPFS {
        let text = reproduced(target);
        assert_eq!(text.contains("userfaultfd"), target.contains(&"latch"));
        let Some((code, said)) = ran(&text) else { return };
        let may_be = match shown {
            // userfaultfd may take a privilege.
            Some(shown) => code == Some(shown) || code == Some(77) && text.contains("userfaultfd"),
            None => matches!(code, Some(0 | 1 | 77)),
        };
        assert!(may_be, "{target:?}: {code:?} {said}");
    }
}

/// A program whose memory is given to it while a fault waits writes it.
#[test]
fn a_program_can_give_memory_to_a_fault_that_waits() {
    let line = "unit=1024 block=4096 size=4 blocks=M page=uptodate source=straddling-1-latched-then-filled write=1+2";
    let test: live::Test = line.parse().expect("a test");
    let good = ["2, size 4: o0 n1 n2 o3".to_owned()];
    let told = live::Told { header: &[], bad: &["-EFAULT, size 4: o0 o1 o2 o3".to_owned()], good: &good };
    let Some((code, said)) = ran(&live::program(&test, &told).expect("a program")) else { return };
    assert!(matches!(code, Some(0 | 77)), "{code:?} {said}");
}

/// A test of the fstests suite says what a program says; what it has of the suite is played here.
#[test]
fn a_test_of_the_suite_says_what_its_program_says() {
    let shown = shown();
    let folder = in_memory();
    let suite = folder.path().join("suite");
    std::fs::create_dir_all(suite.join("common")).expect("a folder");
    let preamble = "_begin_fstest() { seqres=$PWD/result; tmp=$PWD/tmp; status=1; }\n_require_test() { :; }\n\
                    _require_command() { [ -n \"$1\" ] || _notrun \"$2 is needed\"; }\n\
                    _get_block_size() { stat -f -c %S $1; }\n_fail() { echo \"$*\"; exit 1; }\n\
                    _notrun() { echo \"not run: $*\"; exit 0; }\n";
    std::fs::write(suite.join("common/preamble"), preamble).expect("a file");
    let text = reproduced(&["simple/tmpfs@v6.18:beyond-invalid#1", "--format", "fstests"]);
    std::fs::write(suite.join("test"), text).expect("a file");
    let ran = Command::new("bash").arg("test").current_dir(&suite).env("TEST_DIR", folder.path()).output();
    let Ok(ran) = ran else {
        eprintln!("there is no bash");
        return;
    };
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    let is_there = said.contains("it is there");
    let is_right = match shown {
        _ if said.starts_with("not run: ") => true,
        Some(1) => is_there,
        Some(_) => said == "Silence is golden\n",
        None => is_there || said == "Silence is golden\n",
    };
    assert!(is_right && ran.status.success(), "{said}");
}

/// What no program shows is refused, with what it would take.
#[test]
fn what_can_not_be_reproduced_says_what_it_takes() {
    for (target, takes) in [
        (&["ext4/ordered@v7.1:within-unmapped#1"][..], "it takes a race"),
        (&["simple/tmpfs@v6.18:beyond-unmapped#1", "--by", "held"], "it takes a file server"),
        (&["ext4/ordered@v7.1:extending-absent-with-reader#1"], "a reader that looks"),
    ] {
        let made = Command::new(env!("CARGO_BIN_EXE_shortcopy")).arg("reproduce").args(target).output();
        let made = made.expect("the command is there");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert_eq!(made.status.code(), Some(2), "{target:?}: {said}");
        assert!(made.stdout.is_empty() && said.contains(takes), "{target:?}: {said}");
    }
}

#[test]
fn what_is_withheld_is_refused_in_a_sentence() {
    for target in snapshots_with(&["stale-on-disk", "lost-write", "foreign-block"]) {
        let made = Command::new(env!("CARGO_BIN_EXE_shortcopy")).args(["reproduce", &target]).output();
        let made = made.expect("the command is there");
        assert_eq!(made.status.code(), Some(2), "{target}");
        assert!(made.stdout.is_empty(), "{target}");
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(said.contains("is not given away"), "{target}: {said}");
    }
}

/// A recorded bad state of each of these properties, in the newest ext4.
fn snapshots_with(properties: &[&str]) -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../snapshots/ext4");
    let mut all = Vec::new();
    for (variant, file) in
        [("ordered@v7.1", "ordered/v7.1.snap"), ("journalled@v7.1", "journalled/v7.1.snap")]
    {
        let text = std::fs::read_to_string(format!("{root}/{file}")).expect("a snapshot");
        let snapshot = report::snapshot::parse(&text, None).expect("a snapshot");
        for property in properties {
            let found = snapshot.sections.iter().find_map(|section| {
                let block = section.blocks.iter().find(|block| block.property == *property)?;
                Some(format!("ext4/{variant}:{}#{}", section.scenario, block.number))
            });
            all.extend(found);
        }
    }
    assert!(all.len() >= properties.len(), "{all:?}");
    all
}

/// One search for all initial states finds what a search of each by itself finds, with the final states taken from its
/// states at rest.
#[test]
fn final_states_are_those_of_each_initial_state_by_itself() {
    let wanted = [
        ("simple/tmpfs", "v6.18", "beyond-unmapped"),
        ("simple/ramfs", "v6.18", "within-straddling-unmapped"),
        ("ext4/ordered", "v6.18", "extending-straddling-invalid"),
        ("ext4/delalloc", "v6.18", "beyond-invalid"),
        ("ext4/journalled", "v6.14", "within-straddling-invalid"),
        ("btrfs/buffered", "v6.18", "extending-unmapped"),
        ("fuse/writethrough", "v6.18", "within-absent-with-reader"),
        ("generic/block", "v6.18", "beyond-absent"),
    ];
    let mut compared = 0;
    for (path, variant, case) in wanted {
        let scenario = models::scenario(&format!("{path}@{variant}:{case}")).expect("a scenario");
        let teller = scenario.final_state.clone().expect("a writer");
        let asked = scenario.asking_final_states().expect("a writer");
        let together = scenario.final_states(&check(&asked, &Options::default()).expect("a sound model"));
        for (initial, found) in scenario.initial.iter().zip(together) {
            let alone = scenario::Scenario {
                initial: vec![initial.clone()],
                views: Vec::new(),
                properties: Vec::new(),
                ..scenario.clone()
            };
            let (_, rests) = explore(&alone, &Options::default()).expect("a sound model");
            let plain: BTreeSet<_> = rests.iter().flat_map(|(cells, words)| teller(cells, words)).collect();
            assert!(!plain.is_empty(), "{}: {}", scenario.name, initial.name);
            assert_eq!(found, plain, "{}: {}", scenario.name, initial.name);
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
}
