//! A Chromium without a window, driven by its debugging protocol.
//!
//! The protocol is JSON over a WebSocket, of which this needs ten commands: `tungstenite` alone does, where the crates that
//! bind the whole protocol compile tens of thousands of generated lines.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// The machine may be busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser with one page. Whatever the page says on its console, or asks the network for, is noted.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    sent: u64,
    /// What the page should not have said or done.
    pub(crate) noise: Vec<String>,
    /// Goes with the browser.
    _profile: tempfile::TempDir,
}

/// The program, if there is one.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome", "chrome"];
    let mut all = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    all.find(|file| file.is_file())
}

impl Browser {
    /// Starts it; none where there is no browser.
    pub(crate) fn start() -> Option<Browser> {
        let program = program()?;
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(program)
            // The pages are this test's own; as root the sandbox does not work.
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the browser starts");
        let said = BufReader::new(process.stderr.take().expect("it is piped"));
        let (tell, told) = mpsc::channel();
        // To its end, lest the browser waits for a reader.
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("DevTools listening on ") {
                    let _ = tell.send(address.trim().to_owned());
                }
            }
        });
        let address = told.recv_timeout(PATIENCE).expect("the browser tells its address");
        let host = address.trim_start_matches("ws://").split('/').next().expect("a host").to_owned();
        let stream = TcpStream::connect(host).expect("the browser listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        let (socket, _) = tungstenite::client(&address, stream).expect("the browser answers");
        let noise = Vec::new();
        let mut browser = Browser { process, socket, session: None, sent: 0, noise, _profile: profile };
        let target = browser.send("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.send("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime", "Log", "Network", "Page"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("the browser is there");
        loop {
            let answer = self.socket.read().unwrap_or_else(|why| panic!("{method}: {why}"));
            let Ok(text) = answer.to_text() else { continue };
            let Ok(mut answer) = serde_json::from_str::<Value>(text) else { continue };
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.consoleAPICalled") => self.noise.push(format!("console: {}", parameters["args"])),
            Some("Runtime.exceptionThrown") => self.noise.push(format!("thrown: {parameters}")),
            Some("Log.entryAdded") => self.noise.push(format!("log: {}", parameters["entry"]["text"])),
            Some("Network.requestWillBeSent") => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                if !["file:", "data:", "blob:", "about:"].iter().any(|own| url.starts_with(own)) {
                    self.noise.push(format!("request: {url}"));
                }
            }
            _ => {}
        }
    }

    /// Loads a file anew, at an address in it, and waits until it is drawn.
    pub(crate) fn open(&mut self, file: &Path, hash: &str) {
        self.send("Page.navigate", json!({ "url": "about:blank" }));
        self.send("Page.navigate", json!({ "url": format!("file://{}{hash}", file.display()) }));
        self.wait("!document.getElementById('loading') && document.querySelector('#main > *')");
    }

    /// Goes to another address in the page.
    pub(crate) fn go(&mut self, hash: &str) {
        let hash = json!(hash);
        // The same address again is no event; after another one the page's own listener comes first.
        self.run(&format!(
            "new Promise((done) => {{ if (location.hash === {hash}) {{ route(); done(); }} else {{ \
             addEventListener('hashchange', () => done(), {{ once: true }}); location.hash = {hash}; }} }})"
        ));
    }

    /// What an expression comes to.
    pub(crate) fn run(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.send("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait(&mut self, expression: &str) {
        let start = Instant::now();
        while self.run(&format!("Boolean({expression})")) != json!(true) {
            assert!(start.elapsed() < PATIENCE, "never: {expression}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Clicks the first element that a selector finds, where a user would.
    pub(crate) fn click(&mut self, selector: &str) {
        let at = self.run(&format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getClientRects()[0]; return [b.x + b.width / 2, b.y + b.height / 2]; }})()",
            json!(selector)
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let mouse = json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
            self.send("Input.dispatchMouseEvent", mouse);
        }
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let text = if key == "Enter" {
            "\r"
        } else if key.len() == 1 {
            key
        } else {
            ""
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.send("Input.dispatchKeyEvent", event);
        }
    }

    /// Types into what has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        self.send("Input.insertText", json!({ "text": text }));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.socket.close(None);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
