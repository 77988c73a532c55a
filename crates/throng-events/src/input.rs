//! Bytes from files and standard input, decompressed and in UTF-8, with their beginning known beforehand.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::rc::Rc;

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use crate::{EventsError, Source};

/// How much of a file is looked at to tell what it is.
const HEAD: usize = 64 << 10;

/// An open source.
pub(crate) struct Input {
    pub origin: Origin,
    /// The content, gzip undone.
    pub reader: Box<dyn Read>,
    /// The first bytes of `reader`, which still gives them too.
    pub head: Vec<u8>,
    /// The file itself, where it can be read at any place.
    pub seekable: Option<File>,
}

/// Where bytes come from, to say so when they end badly.
#[derive(Clone)]
pub(crate) struct Origin {
    pub file: String,
    pub gzip: bool,
}

impl Origin {
    pub fn failed(&self, error: io::Error) -> EventsError {
        let file = self.file.clone();
        match error.kind() {
            io::ErrorKind::UnexpectedEof if self.gzip => {
                EventsError::Truncated { file, what: "gzip" }
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData if self.gzip => {
                EventsError::Corrupt {
                    file,
                    what: "gzip",
                    message: error.to_string(),
                }
            }
            _ => EventsError::Io {
                file,
                source: error,
            },
        }
    }
}

/// Counts the bytes that pass.
struct Metered {
    inner: Box<dyn Read>,
    bytes: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.bytes.set(self.bytes.get() + n as u64);
        Ok(n)
    }
}

/// The size of a source on disk, where it has one.
pub(crate) fn size(source: &Source) -> Option<u64> {
    match source {
        Source::Path(path) => std::fs::metadata(path)
            .ok()
            .filter(|m| m.is_file())
            .map(|m| m.len()),
        Source::Stdin => None,
    }
}

pub(crate) fn open(source: &Source, bytes: &Rc<Cell<u64>>) -> Result<Input, EventsError> {
    let mut origin = Origin {
        file: source.name(),
        gzip: false,
    };
    let (inner, file): (Box<dyn Read>, Option<File>) = match source {
        Source::Stdin => (Box::new(io::stdin()), None),
        Source::Path(path) => open_path(path, &origin)?,
    };
    let metered = Metered {
        inner,
        bytes: Rc::clone(bytes),
    };
    let (mut head, mut reader) = peek(Box::new(metered)).map_err(|e| origin.failed(e))?;
    let mut seekable = file;
    if head.starts_with(&[0x1f, 0x8b]) {
        origin.gzip = true;
        seekable = None;
        (head, reader) =
            peek(Box::new(MultiGzDecoder::new(reader))).map_err(|e| origin.failed(e))?;
    }
    Ok(Input {
        origin,
        reader,
        head,
        seekable,
    })
}

fn open_path(
    path: &PathBuf,
    origin: &Origin,
) -> Result<(Box<dyn Read>, Option<File>), EventsError> {
    let file = File::open(path).map_err(|e| origin.failed(e))?;
    let kind = file.metadata().map_err(|e| origin.failed(e))?;
    if kind.is_dir() {
        return Err(EventsError::Folder {
            file: origin.file.clone(),
        });
    }
    // A pipe has a path too, and is read once.
    let again = if kind.is_file() {
        Some(File::open(path).map_err(|e| origin.failed(e))?)
    } else {
        None
    };
    Ok((Box::new(file), again))
}

/// The first bytes of a reader, and a reader that gives them again.
fn peek(mut reader: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}

/// The encoding of a text file, as its beginning tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8; fields that are not are read as Windows-1252, which Latin-1 is a part of, and counted.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding and the length of the mark that told it.
    fn of(head: &[u8]) -> (Encoding, usize) {
        match head {
            [0xef, 0xbb, 0xbf, ..] => return (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => return (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => return (Encoding::Utf16Be, 2),
            _ => {}
        }
        // Without a mark, UTF-16 shows by the empty high bytes of its separators, digits and Latin letters.
        let zeros = |start: usize| {
            head.iter()
                .skip(start)
                .step_by(2)
                .filter(|&&b| b == 0)
                .count()
        };
        let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
        let many = |n: usize| half >= 4 && n * 5 >= half * 2;
        match () {
            () if many(odd) && even * 20 <= half => (Encoding::Utf16Le, 0),
            () if many(even) && odd * 20 <= half => (Encoding::Utf16Be, 0),
            () => (Encoding::Utf8, 0),
        }
    }
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Encoding::Utf8 => "UTF-8",
            Encoding::Utf16Le => "UTF-16LE",
            Encoding::Utf16Be => "UTF-16BE",
        })
    }
}

/// Text of which the encoding is known and the mark gone: UTF-16 comes as UTF-8.
pub(crate) struct TextInput {
    pub origin: Origin,
    pub reader: Box<dyn Read>,
    pub head: Vec<u8>,
    pub encoding: Encoding,
    /// Set when UTF-16 had code units without a partner, which become U+FFFD.
    pub damaged: Rc<Cell<bool>>,
}

impl TextInput {
    pub fn new(input: Input) -> Result<TextInput, EventsError> {
        let Input {
            origin,
            mut reader,
            head,
            ..
        } = input;
        let (encoding, mark) = Encoding::of(&head);
        let damaged = Rc::new(Cell::new(false));
        io::copy(&mut reader.by_ref().take(mark as u64), &mut io::sink())
            .map_err(|e| origin.failed(e))?;
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
        };
        let reader: Box<dyn Read> = match decoder {
            None => reader,
            Some(decoder) => Box::new(Transcoded::new(reader, decoder, Rc::clone(&damaged))),
        };
        let (head, reader) = peek(reader).map_err(|e| origin.failed(e))?;
        Ok(TextInput {
            origin,
            reader,
            head,
            encoding,
            damaged,
        })
    }
}

/// UTF-16 as UTF-8.
struct Transcoded {
    inner: Box<dyn Read>,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
    damaged: Rc<Cell<bool>>,
}

impl Transcoded {
    fn new(inner: Box<dyn Read>, decoder: Decoder, damaged: Rc<Cell<bool>>) -> Self {
        Self {
            inner,
            decoder,
            raw: vec![0; 16 << 10],
            text: Vec::new(),
            given: 0,
            ended: false,
            damaged,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let n = self.inner.read(&mut self.raw)?;
        self.ended = n == 0;
        // Three bytes of UTF-8 for two of UTF-16 at most, and room for what the decoder holds back.
        self.text.resize(2 * self.raw.len() + 16, 0);
        let (result, _, written, replaced) =
            self.decoder
                .decode_to_utf8(&self.raw[..n], &mut self.text, self.ended);
        debug_assert_eq!(result, CoderResult::InputEmpty);
        self.damaged.set(self.damaged.get() || replaced);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl Read for Transcoded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let n = buffer.len().min(self.text.len() - self.given);
        buffer[..n].copy_from_slice(&self.text[self.given..self.given + n]);
        self.given += n;
        Ok(n)
    }
}

/// What a beginning that no log has looks like.
pub(crate) fn foreign(head: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 10] = [
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x28\xb5\x2f\xfd", "Zstandard data"),
        (b"BZh", "bzip2 data"),
        (b"\xfd7zXZ", "xz data"),
        (b"SQLite format 3", "an SQLite database"),
    ];
    KNOWN
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|&(_, what)| what)
}

/// Whether text has control characters that no text has; `separator` is one that this text has.
pub(crate) fn binary(text: &[u8], separator: Option<char>) -> bool {
    let control = |b: u8| matches!(b, 0..=8 | 14..=25 | 28..=31);
    text.iter()
        .any(|&b| control(b) && Some(char::from(b)) != separator)
}
