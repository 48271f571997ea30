//! Counts WebSocket frames in a stream of bytes, without keeping any: what the library makes of them is only told when
//! a message is whole, and one of endless fragments never is.

/// Most bytes of a frame's head: two, eight of length, four of mask.
const LONGEST_HEAD: usize = 14;

/// Where in the stream of frames a connection is.
#[derive(Debug, Default)]
pub(super) struct Tally {
    head: [u8; LONGEST_HEAD],
    /// Bytes of the head that are here.
    have: u8,
    /// Bytes of the payload that are yet to come.
    left: u64,
    /// Whether the frame that is under way is the last one of a message.
    is_last: bool,
    /// Whether it is part of a message.
    is_data: bool,
    /// Frames of the message that is under way; 0 between messages.
    pub(super) fragments: u32,
    /// Bytes that are here of the message that is under way.
    pub(super) unfinished: u64,
    /// Messages that are whole; begins anew after 4 billion.
    pub(super) messages: u32,
}

impl Tally {
    /// Goes on by these bytes. Returns how many frames began in them.
    pub(super) fn advance(&mut self, mut bytes: &[u8]) -> u32 {
        let mut frames = 0;
        while !bytes.is_empty() {
            if self.left > 0 {
                let step = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[step..];
                self.left -= step as u64;
                if self.is_data {
                    self.unfinished = self.unfinished.saturating_add(step as u64);
                }
            } else {
                if self.have == 0 {
                    frames += 1;
                }
                self.head[usize::from(self.have)] = bytes[0];
                self.have += 1;
                bytes = &bytes[1..];
                if usize::from(self.have) < self.length_of_head() {
                    continue;
                }
                self.begin_frame();
            }
            if self.left == 0 {
                self.end_frame();
            }
        }
        frames
    }

    /// How long the head is, as far as it is known.
    fn length_of_head(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        let length = match self.head[1] & 0x7f {
            127 => 8,
            126 => 2,
            _ => 0,
        };
        2 + length + mask
    }

    fn begin_frame(&mut self) {
        let far = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        self.left = match self.head[1] & 0x7f {
            127 => far(&self.head[2..10]),
            126 => far(&self.head[2..4]),
            short => u64::from(short),
        };
        self.have = 0;
        self.is_data = self.head[0] & 0x08 == 0;
        if self.is_data {
            self.is_last = self.head[0] & 0x80 != 0;
            self.fragments = self.fragments.saturating_add(1);
        } else {
            // It stands between the frames of a message and is none of them.
            self.is_last = false;
        }
    }

    fn end_frame(&mut self) {
        if self.is_last {
            self.is_last = false;
            self.fragments = 0;
            self.unfinished = 0;
            self.messages = self.messages.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(head: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![head];
        match length {
            0..=125 => bytes.push(0x80 | length as u8),
            126..=65_535 => {
                bytes.push(0x80 | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend([0xff; 4]);
        bytes.extend(std::iter::repeat_n(0x89, length));
        bytes
    }

    const TEXT: u8 = 0x01;
    const MORE: u8 = 0x00;
    const LAST: u8 = 0x80;
    const PING: u8 = 0x89;

    #[test]
    fn fragments_are_counted_up_to_the_last_whatever_comes_between() {
        let mut tally = Tally::default();
        assert_eq!(tally.advance(&frame(TEXT, 3)), 1);
        assert_eq!((tally.advance(&frame(PING, 5)), tally.fragments, tally.unfinished), (1, 1, 3));
        assert_eq!((tally.advance(&frame(MORE, 0)), tally.fragments), (1, 2));
        assert_eq!((tally.advance(&frame(LAST, 0)), tally.fragments), (1, 0));
        assert_eq!((tally.advance(&frame(LAST | TEXT, 70_000)), tally.fragments), (1, 0));
        assert_eq!(tally.messages, 2);
    }

    #[test]
    fn a_message_is_under_way_until_its_last_byte() {
        let mut tally = Tally::default();
        let whole = frame(LAST | TEXT, 200);
        tally.advance(&whole[..whole.len() - 1]);
        assert_eq!((tally.fragments, tally.unfinished), (1, 199));
        tally.advance(&whole[whole.len() - 1..]);
        assert_eq!((tally.fragments, tally.unfinished), (0, 0));
    }

    proptest! {
        #[test]
        fn it_is_the_same_wherever_the_stream_is_cut(
            frames in prop::collection::vec((prop::sample::select(&[TEXT, MORE, LAST, PING, LAST | TEXT][..]), 0_usize..70_000), 1..8),
            step in 1_usize..5000,
        ) {
            let stream: Vec<u8> = frames.iter().flat_map(|(head, length)| frame(*head, *length)).collect();
            let (mut whole, mut cut) = (Tally::default(), Tally::default());
            prop_assert_eq!(whole.advance(&stream) as usize, frames.len());
            let parts: u32 = stream.chunks(step).map(|part| cut.advance(part)).sum();
            prop_assert_eq!((parts as usize, cut.fragments, cut.unfinished), (frames.len(), whole.fragments, whole.unfinished));
        }

        #[test]
        fn any_bytes_are_borne(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            Tally::default().advance(&bytes);
        }
    }
}
