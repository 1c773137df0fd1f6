//! Colours. Every text must make sense without them.

use clap::ValueEnum;
use world::World;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    #[default]
    Auto,
    /// Also in files and pipes, and whatever `NO_COLOR` says: an option is nearer than a variable.
    Always,
    /// Nowhere.
    Never,
}

/// What a piece of text is; it says how it is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Something comes into being, or is well.
    Good,
    /// Something changes, or deserves a look.
    Care,
    /// Something goes, or has failed.
    Bad,
    /// Something is only looked at.
    Info,
    /// What the eye should find first.
    Strong,
    /// What the eye may skip.
    Faint,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    colors: bool,
}

impl Style {
    /// Without any colour.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { colors: false };
    /// With colours.
    #[cfg(test)]
    pub(crate) const COLORED: Self = Self { colors: true };

    /// What `choice` means for a stream.
    ///
    /// Source: <https://no-color.org>: `NO_COLOR` counts when it is present and not empty, and an option of the program
    /// overrides it.
    pub(crate) fn choose(choice: ColorChoice, is_terminal: bool, world: &dyn World) -> Self {
        let colors = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let refused = world.env_var("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !refused && world.env_var("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self { colors }
    }

    /// Whether anything is coloured.
    pub(crate) fn has_colors(self) -> bool {
        self.colors
    }

    /// `text` as what it is.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if !self.colors || text.is_empty() {
            return text.to_owned();
        }
        let code = match role {
            Role::Good => "32",
            Role::Care => "33",
            Role::Bad => "31",
            Role::Info => "36",
            Role::Strong => "1",
            Role::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use world::TestWorld;

    use super::*;

    #[tokio::test]
    async fn no_color_and_dumb_terminals_are_respected_unless_an_option_says_otherwise() {
        let world = |env: &[(&str, &str)]| {
            let world = TestWorld::new(DateTime::UNIX_EPOCH, 1);
            env.iter().fold(world, |world, (name, value)| world.with_env(name, value))
        };
        let auto = |is_terminal, env: &[(&str, &str)]| {
            Style::choose(ColorChoice::Auto, is_terminal, &world(env)) == Style::COLORED
        };
        assert!(auto(true, &[("TERM", "xterm")]));
        assert!(auto(true, &[("NO_COLOR", "")]), "empty means not set");
        assert!(!auto(true, &[("NO_COLOR", "1")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(!auto(false, &[]));
        let no_color = world(&[("NO_COLOR", "1")]);
        assert_eq!(Style::choose(ColorChoice::Always, false, &no_color), Style::COLORED);
        assert_eq!(Style::choose(ColorChoice::Never, true, &world(&[])), Style::PLAIN);
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Style::PLAIN.paint(Role::Bad, "x"), "x");
        assert_eq!(Style::COLORED.paint(Role::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
