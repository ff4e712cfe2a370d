//! The file: a magic and a format, then pieces, each packed and sealed.
//!
//! A seal is the hash of its piece and of the seal before it, so that pieces that are damaged, missing, doubled or of another
//! file are known before anything in them is read; an empty one is the last, so that a file that was cut is known. It is
//! written beside, under another name, synced and renamed: whoever is killed, and wherever the disk is full, what was
//! there stays as it was. Writing and reading take a MiB or two, of what the bound on memory leaves to the allocator.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use blake3::{Hash, Hasher};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::explicit::error::Refused;

const MAGIC: &[u8] = b"shortcopy checkpoint\n";
/// Changes when anything that is written does.
const FORMAT: u32 = 1;
/// Bytes of a piece before it is packed: what is kept in memory of a file.
const PIECE: usize = 1 << 18;
/// Rows that are packed together, at most.
const ROWS: usize = 4096;

fn seal(before: &Hash, len: usize, packed: &[u8]) -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(before.as_bytes()).update(&(len as u64).to_le_bytes()).update(packed);
    hasher.finalize()
}

fn first_seal() -> Hash {
    blake3::hash(MAGIC)
}

/// A file that is being written.
pub(super) struct Writer<'f> {
    file: &'f mut dyn Write,
    piece: Vec<u8>,
    packed: Vec<u8>,
    seal: Hash,
}

impl<'f> Writer<'f> {
    fn begin(file: &'f mut dyn Write) -> io::Result<Writer<'f>> {
        file.write_all(MAGIC)?;
        file.write_all(&FORMAT.to_le_bytes())?;
        let packed = vec![0; lz4_flex::block::get_maximum_output_size(PIECE)];
        Ok(Writer { file, piece: Vec::with_capacity(PIECE), packed, seal: first_seal() })
    }

    /// Ends the piece in hand.
    fn end_piece(&mut self) -> io::Result<()> {
        let len = lz4_flex::block::compress_into(&self.piece, &mut self.packed).map_err(io::Error::other)?;
        let packed = if self.piece.is_empty() { &[] } else { &self.packed[..len] };
        self.seal = seal(&self.seal, self.piece.len(), packed);
        self.file.write_all(&(self.piece.len() as u32).to_le_bytes())?;
        self.file.write_all(&(packed.len() as u32).to_le_bytes())?;
        self.file.write_all(self.seal.as_bytes())?;
        self.file.write_all(packed)?;
        self.piece.clear();
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        if !self.piece.is_empty() {
            self.end_piece()?;
        }
        self.end_piece()
    }

    pub(super) fn bytes(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            if self.piece.len() == PIECE {
                self.end_piece()?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: u64) -> io::Result<()> {
        self.bytes(&number.to_le_bytes())
    }

    /// Adds something small.
    pub(super) fn put(&mut self, item: &impl Serialize) -> io::Result<()> {
        let bytes = postcard::to_stdvec(item).map_err(io::Error::other)?;
        self.number(bytes.len() as u64)?;
        self.bytes(&bytes)
    }

    /// Adds the rows with these numbers, each of as many words. Of many rows, bytes at the same place are side by side, where
    /// most are as before.
    pub(super) fn rows(
        &mut self,
        rows: usize,
        width: usize,
        mut row: impl FnMut(usize, &mut [u64]),
    ) -> io::Result<()> {
        let mut words = vec![0; width * ROWS];
        let mut plane = Vec::with_capacity(ROWS);
        for from in (0..rows).step_by(ROWS) {
            let some = ROWS.min(rows - from);
            for at in 0..some {
                row(from + at, &mut words[at * width..][..width]);
            }
            for byte in 0..width * size_of::<u64>() {
                let (word, shift) = (byte / 8, byte % 8 * 8);
                plane.clear();
                plane.extend(words.chunks(width).take(some).map(|row| (row[word] >> shift) as u8));
                self.bytes(&plane)?;
            }
        }
        Ok(())
    }
}

/// A file that is being read, piece by piece; what is handed out is as it was written.
pub(super) struct Reader {
    file: File,
    piece: Vec<u8>,
    at: usize,
    packed: Vec<u8>,
    seal: Hash,
    ended: bool,
}

impl Reader {
    /// Begins to read a file; none where there is none.
    pub(super) fn open(path: &Path) -> Result<Option<Reader>, Refused> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(Refused::Unreadable(why.to_string())),
        };
        let mut magic = [0; MAGIC.len()];
        match exact(&mut file, &mut magic) {
            Err(Refused::Unreadable(why)) => return Err(Refused::Unreadable(why)),
            Ok(()) if magic == MAGIC => {}
            _ => return Err(Refused::Foreign),
        }
        let mut format = [0; 4];
        exact(&mut file, &mut format)?;
        let format = u32::from_le_bytes(format);
        if format != FORMAT {
            return Err(Refused::Format { is: format, wanted: FORMAT });
        }
        let (piece, packed) = Default::default();
        Ok(Some(Reader { file, piece, at: 0, packed, seal: first_seal(), ended: false }))
    }

    fn next_piece(&mut self) -> Result<(), Refused> {
        let mut head = [[0; 4]; 2];
        for number in &mut head {
            exact(&mut self.file, number)?;
        }
        let [len, packed] = head.map(|number| u32::from_le_bytes(number) as usize);
        let mut known = [0; blake3::OUT_LEN];
        exact(&mut self.file, &mut known)?;
        if len > PIECE || packed > lz4_flex::block::get_maximum_output_size(PIECE) {
            return Err(Refused::Damaged);
        }
        self.packed.resize(packed, 0);
        exact(&mut self.file, &mut self.packed)?;
        self.seal = seal(&self.seal, len, &self.packed);
        if self.seal.as_bytes() != &known {
            return Err(Refused::Damaged);
        }
        self.ended = len == 0;
        self.at = 0;
        self.piece.resize(len, 0);
        if !self.ended {
            let unpacked = lz4_flex::block::decompress_into(&self.packed, &mut self.piece);
            unpacked.ok().filter(|unpacked| *unpacked == len).ok_or(Refused::Damaged)?;
        }
        Ok(())
    }

    fn bytes(&mut self, mut into: &mut [u8]) -> Result<(), Refused> {
        while !into.is_empty() {
            if self.at == self.piece.len() {
                if self.ended {
                    return Err(Refused::Damaged);
                }
                self.next_piece()?;
                continue;
            }
            let some = into.len().min(self.piece.len() - self.at);
            let (now, later) = into.split_at_mut(some);
            now.copy_from_slice(&self.piece[self.at..self.at + some]);
            self.at += some;
            into = later;
        }
        Ok(())
    }

    /// The next number.
    pub(super) fn number(&mut self) -> Result<u64, Refused> {
        let mut bytes = [0; 8];
        self.bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A number of things, of which there can be no more than this.
    pub(super) fn count(&mut self, most: usize) -> Result<usize, Refused> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= most).ok_or(Refused::Damaged)
    }

    /// Something small.
    pub(super) fn get<T: DeserializeOwned>(&mut self) -> Result<T, Refused> {
        const MOST: usize = 1 << 28;
        let len = self.count(MOST)?;
        let mut bytes = Vec::new();
        // No faster than they are there.
        while bytes.len() < len {
            let from = bytes.len();
            bytes.resize(len.min(from + PIECE), 0);
            self.bytes(&mut bytes[from..])?;
        }
        postcard::from_bytes(&bytes).map_err(|_| Refused::Damaged)
    }

    /// So many rows of as many words, with their numbers.
    pub(super) fn rows<E: From<Refused>>(
        &mut self,
        rows: usize,
        width: usize,
        mut row: impl FnMut(usize, &[u64]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut words = vec![0; width * ROWS];
        let mut plane = [0; ROWS];
        for from in (0..rows).step_by(ROWS) {
            let some = ROWS.min(rows - from);
            words.fill(0);
            for byte in 0..width * size_of::<u64>() {
                let (word, shift) = (byte / 8, byte % 8 * 8);
                self.bytes(&mut plane[..some])?;
                for (row, byte) in words.chunks_mut(width).zip(&plane[..some]) {
                    row[word] |= u64::from(*byte) << shift;
                }
            }
            for at in 0..some {
                row(from + at, &words[at * width..][..width])?;
            }
        }
        Ok(())
    }

    /// Everything that is in it.
    #[cfg(test)]
    pub(super) fn all(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while !self.ended {
            self.next_piece().expect("a good file");
            all.extend_from_slice(&self.piece);
        }
        all
    }

    /// Sees that this is the end.
    pub(super) fn end(mut self) -> Result<(), Refused> {
        if self.at == self.piece.len() && !self.ended {
            self.next_piece()?;
        }
        let nothing_follows = self.file.read(&mut [0]).is_ok_and(|more| more == 0);
        if self.ended && nothing_follows { Ok(()) } else { Err(Refused::Damaged) }
    }
}

/// Reads as much as is wanted; a file that ends before was cut.
fn exact(file: &mut File, into: &mut [u8]) -> Result<(), Refused> {
    file.read_exact(into).map_err(|why| match why.kind() {
        io::ErrorKind::UnexpectedEof => Refused::Damaged,
        _ => Refused::Unreadable(why.to_string()),
    })
}

/// The name under which a file is written.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Writes a file in the place of the one that is there; how many bytes it has.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut Writer) -> io::Result<()>) -> io::Result<u64> {
    let new = beside(path);
    let written = || {
        let mut file = File::create(&new)?;
        let mut writer = Writer::begin(&mut file)?;
        write(&mut writer)?;
        writer.end()?;
        file.sync_all()?;
        file.metadata()
    };
    let done = written().and_then(|metadata| fs::rename(&new, path).map(|()| metadata.len()));
    if done.is_err() {
        let _ = fs::remove_file(&new); // the first error is the one to tell
    }
    done
}
