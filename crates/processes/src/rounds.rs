//! Rounds, by a timely dataflow: each round is a time of it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timely::WorkerConfig;
use timely::communication::Hooks;
use timely::communication::allocator::zero_copy::allocator::TcpBuilder;
use timely::communication::allocator::zero_copy::initialize::{
    CommsGuard, initialize_networking_from_sockets,
};
use timely::communication::allocator::zero_copy::stream::Stream;
use timely::communication::allocator::{Allocator, ProcessBuilder};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Exchange, Input, Inspect};
use timely::worker::Worker;

use crate::links::{Gone, Link};

/// A part of what one process has for another in a round.
#[derive(Clone, Serialize, Deserialize)]
struct Parcel {
    round: u64,
    from: usize,
    to: usize,
    /// Whether it is the last one of these two in the round.
    last: bool,
    words: Vec<u64>,
}

/// What came in a round.
struct Came {
    words: Vec<Vec<u64>>,
    /// How many processes said everything.
    whole: usize,
}

impl Came {
    fn nothing(processes: usize) -> Came {
        Came { words: vec![Vec::new(); processes], whole: 0 }
    }
}

/// The last round, from 1 on, in which everything came from each process.
type Heard = Arc<[AtomicU64]>;

/// Words in a parcel at most.
const PARCEL: usize = 1 << 15;

/// How long the dataflow sleeps at most before it looks whether somebody is gone.
const NAP: Duration = Duration::from_millis(20);

/// There are no more rounds.
pub(crate) struct Ended;

/// The rounds of one process.
pub(crate) struct Rounds {
    ask: Sender<Vec<Vec<u64>>>,
    answers: Receiver<Vec<Vec<u64>>>,
    heard: Heard,
    begun: u64,
    number: usize,
    thread: Option<JoinHandle<()>>,
    guard: Option<CommsGuard>,
    links: Vec<Link>,
}

impl Rounds {
    /// Begins, with a link to each other process.
    pub(crate) fn begin(links: Vec<Option<Link>>, number: usize, gone: &Arc<Gone>) -> io::Result<Rounds> {
        let own = links.iter().flatten().map(Stream::try_clone).collect::<io::Result<_>>()?;
        let count = links.len();
        let hooks = Hooks::default();
        let within = ProcessBuilder::new_typed_vector(1, hooks.refill.clone(), None);
        let (mut builders, guard) = initialize_networking_from_sockets(within, links, number, 1, hooks)?;
        let builder = builders.pop().ok_or_else(|| io::Error::other("nothing to build"))?;
        let ((ask, asked), (answer, answers)) = (channel(), channel());
        let heard: Heard = (0..count).map(|_| AtomicU64::new(0)).collect();
        let flow = Flow { number, count, heard: heard.clone(), gone: gone.clone() };
        let thread = Builder::new().name("rounds".to_owned());
        let thread = thread.spawn(move || flow.serve(builder, &asked, &answer))?;
        Ok(Rounds {
            ask,
            answers,
            heard,
            begun: 0,
            number,
            thread: Some(thread),
            guard: Some(guard),
            links: own,
        })
    }

    pub(crate) fn begin_round(&mut self, outgoing: Vec<Vec<u64>>) {
        self.begun += 1;
        // Where nobody listens any more somebody is gone, which is seen by who waits.
        let _ = self.ask.send(outgoing);
    }

    /// What came, if the round ends in this time.
    ///
    /// # Errors
    /// Where no round ends any more.
    pub(crate) fn wait(&self, time: Duration) -> Result<Option<Vec<Vec<u64>>>, Ended> {
        match self.answers.recv_timeout(time) {
            Ok(came) => Ok(Some(came)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Ended),
        }
    }

    /// A process that not everything came from in the round at hand.
    pub(crate) fn silent(&self) -> Option<usize> {
        let is_silent = |heard: &AtomicU64| heard.load(Ordering::Relaxed) < self.begun;
        let mut others = self.heard.iter().enumerate().filter(|(process, _)| *process != self.number);
        others.find(|(_, heard)| is_silent(heard)).map(|(process, _)| process)
    }

    /// Ends every connection.
    pub(crate) fn cut(&self) {
        self.links.iter().for_each(Link::cut);
    }

    /// Ends when all others do, if that is soon.
    pub(crate) fn end(mut self, count: usize, gone: &Gone, patience: Duration) {
        let until = Instant::now() + patience;
        // Who comes out of the first round knows that all others leave, and out of the second that they know it, too.
        for _ in 0..2 {
            self.begin_round(vec![Vec::new(); count]);
            loop {
                match self.wait(NAP) {
                    Ok(Some(_)) => break,
                    Ok(None) if gone.which().is_none() && Instant::now() < until => {}
                    Ok(None) | Err(Ended) => return,
                }
            }
            gone.close();
        }
        let (thread, guard) = (self.thread.take(), self.guard.take());
        self.ask = channel().0;
        // Where somebody is gone at the last moment, whoever reads from him waits for ever.
        let ends = std::thread::spawn(move || {
            if let Some(thread) = thread {
                let _ = thread.join();
            }
            drop(guard);
        });
        while !ends.is_finished() && gone.which().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Rounds {
    /// Of one that did not end: for the others it is gone.
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.cut();
        }
        // Its threads wait for ever.
        std::mem::forget(self.guard.take());
    }
}

/// The dataflow of one process.
struct Flow {
    number: usize,
    count: usize,
    heard: Heard,
    gone: Arc<Gone>,
}

impl Flow {
    fn serve(&self, builder: TcpBuilder, asked: &Receiver<Vec<Vec<u64>>>, answer: &Sender<Vec<Vec<u64>>>) {
        // Without a clock it would never sleep.
        let mut worker =
            Worker::new(WorkerConfig::default(), Allocator::Tcp(builder.build()), Some(Instant::now()));
        let nothing = || Came::nothing(self.count);
        // Of this round and of the next one, which others may have begun: nobody is further ahead.
        let come: Rc<RefCell<[Came; 2]>> = Rc::new(RefCell::new([nothing(), nothing()]));
        let mut input: InputHandle<u64, _> = InputHandle::new();
        worker.dataflow(|scope| {
            let (come, heard) = (come.clone(), self.heard.clone());
            let take = move |Parcel { round, from, last, words, .. }: &Parcel| {
                let came = &mut come.borrow_mut()[(round % 2) as usize];
                // From others than these nothing comes in order.
                if let (Some(all), Some(heard)) = (came.words.get_mut(*from), heard.get(*from)) {
                    all.extend_from_slice(words);
                    if *last {
                        came.whole += 1;
                        heard.store(round + 1, Ordering::Relaxed);
                    }
                }
            };
            let parcels = scope.input_from(&mut input).container::<Vec<Parcel>>();
            parcels.exchange(|parcel: &Parcel| parcel.to as u64).inspect(take);
        });
        let mut round = 0;
        while let Ok(outgoing) = asked.recv() {
            for (to, words) in outgoing.into_iter().enumerate() {
                // An empty one, too: it tells that nothing comes.
                let parts = words.len().div_ceil(PARCEL).max(1);
                for part in 0..parts {
                    let words = &words[part * PARCEL..words.len().min((part + 1) * PARCEL)];
                    let (from, last, words) = (self.number, part + 1 == parts, words.to_vec());
                    input.send(Parcel { round, from, to, last, words });
                }
            }
            let came = (round % 2) as usize;
            round += 1;
            input.advance_to(round);
            // To know it from the dataflow's frontier would take a way there and back more.
            while come.borrow()[came].whole < self.count {
                if self.gone.which().is_some() {
                    // Nothing here ends in order any more.
                    std::mem::forget((worker, input));
                    return;
                }
                worker.step_or_park(Some(NAP));
            }
            let came = std::mem::replace(&mut come.borrow_mut()[came], nothing());
            if answer.send(came.words).is_err() {
                break;
            }
        }
        if self.gone.is_closing() {
            drop(input);
            while worker.has_dataflows() && self.gone.which().is_none() {
                worker.step_or_park(Some(NAP));
            }
        }
        if worker.has_dataflows() {
            std::mem::forget(worker);
        }
    }
}
