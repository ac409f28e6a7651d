use std::fmt;

use bytes::{BufMut, BytesMut};

use crate::Error;

/// The version byte that begins every frame.
pub const VERSION: u8 = 1;
/// Bytes of a frame before its data: version, command, length, stream id.
pub const HEADER_LENGTH: usize = 8;
/// The most data a frame can carry: its length field has two bytes.
pub const MAX_PAYLOAD_LENGTH: usize = u16::MAX as usize;

/// Names a stream of one session. Ids are never used twice by a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

impl StreamId {
    /// Makes the id from its number on the wire.
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// Returns the number on the wire.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a frame is for (docs/protocol.md, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Opens a stream.
    Syn,
    /// Closes a stream.
    Fin,
    /// Carries data of a stream.
    Psh,
    /// Carries nothing.
    Nop,
}

impl Command {
    const LAST: u8 = 3;

    const fn code(self) -> u8 {
        match self {
            Self::Syn => 0,
            Self::Fin => 1,
            Self::Psh => 2,
            Self::Nop => Self::LAST,
        }
    }
}

impl TryFrom<u8> for Command {
    type Error = Error;

    fn try_from(code: u8) -> Result<Self, Error> {
        match code {
            0 => Ok(Self::Syn),
            1 => Ok(Self::Fin),
            2 => Ok(Self::Psh),
            Self::LAST => Ok(Self::Nop),
            got => Err(Error::UnknownCommand {
                expected: Self::LAST,
                got,
            }),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syn => "SYN",
            Self::Fin => "FIN",
            Self::Psh => "PSH",
            Self::Nop => "NOP",
        })
    }
}

/// The first eight bytes of a frame. All integers are little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) command: Command,
    pub(crate) length: u16,
    pub(crate) id: StreamId,
}

impl Header {
    /// Makes the header of a frame without data.
    pub(crate) const fn control(command: Command, id: StreamId) -> Self {
        Self {
            command,
            length: 0,
            id,
        }
    }

    pub(crate) fn decode(bytes: [u8; HEADER_LENGTH]) -> Result<Self, Error> {
        let [version, command, l0, l1, i0, i1, i2, i3] = bytes;
        if version != VERSION {
            return Err(Error::Version {
                expected: VERSION,
                got: version,
            });
        }
        let command = Command::try_from(command)?;
        let length = u16::from_le_bytes([l0, l1]);
        if command != Command::Psh && length != 0 {
            return Err(Error::Length {
                command,
                expected: 0,
                got: length,
            });
        }
        Ok(Self {
            command,
            length,
            id: StreamId(u32::from_le_bytes([i0, i1, i2, i3])),
        })
    }

    pub(crate) fn encode(self, out: &mut BytesMut) {
        out.reserve(HEADER_LENGTH + usize::from(self.length));
        out.put_u8(VERSION);
        out.put_u8(self.command.code());
        out.put_u16_le(self.length);
        out.put_u32_le(self.id.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_little_endian() {
        let mut out = BytesMut::new();
        Header {
            command: Command::Psh,
            length: 0x0102,
            id: StreamId(0x0a0b_0c0d),
        }
        .encode(&mut out);
        assert_eq!(out[..], [1, 2, 2, 1, 0x0d, 0x0c, 0x0b, 0x0a]);
    }

    #[test]
    fn every_command_decodes_as_it_was_encoded() {
        for command in [Command::Syn, Command::Fin, Command::Psh, Command::Nop] {
            let header = Header::control(command, StreamId(7));
            let mut out = BytesMut::new();
            header.encode(&mut out);
            assert_eq!(Header::decode(out[..].try_into().unwrap()), Ok(header));
        }
    }

    #[test]
    fn a_wrong_version_an_unknown_command_and_an_impossible_length_are_told_apart() {
        assert_eq!(
            Header::decode([2, 0, 0, 0, 3, 0, 0, 0]),
            Err(Error::Version {
                expected: 1,
                got: 2
            })
        );
        // Command 4 is a window update in version 2 only.
        assert_eq!(
            Header::decode([1, 4, 8, 0, 3, 0, 0, 0]),
            Err(Error::UnknownCommand {
                expected: 3,
                got: 4
            })
        );
        for (code, command) in [(0, Command::Syn), (1, Command::Fin), (3, Command::Nop)] {
            assert_eq!(
                Header::decode([1, code, 0, 1, 3, 0, 0, 0]),
                Err(Error::Length {
                    command,
                    expected: 0,
                    got: 256
                })
            );
        }
    }
}
