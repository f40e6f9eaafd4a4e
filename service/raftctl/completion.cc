#include "service/raftctl/completion.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace raft::ctl {
namespace {

struct Word {
  std::string text;
  std::string description;
};

// What may follow a command: its own commands and options, then the options of its parents.
struct CommandWords {
  std::string path;  // "members list"; empty for the program itself.
  std::vector<Word> commands;
  std::vector<Word> options;
};

std::string OneLine(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\n", " "}, {"'", ""}, {":", ""}, {"\"", ""}});
}

void AddOptions(const CLI::App& app, std::vector<Word>* words) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words->push_back({absl::StrCat("--", name), OneLine(option->get_description())});
    }
  }
}

void Collect(const CLI::App& app, const std::string& path, const std::vector<Word>& inherited,
             std::vector<CommandWords>* all) {
  CommandWords words{.path = path, .commands = {}, .options = {}};
  AddOptions(app, &words.options);
  words.options.insert(words.options.end(), inherited.begin(), inherited.end());
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    words.commands.push_back({command->get_name(), OneLine(command->get_description())});
  }
  all->push_back(words);
  for (const CLI::App* command : commands) {
    // Every command has its own --help, so only the others are handed down.
    std::vector<Word> handed_down;
    for (const Word& option : words.options) {
      if (option.text != "--help" && option.text != "--version") handed_down.push_back(option);
    }
    Collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(),
            handed_down, all);
  }
}

std::string Join(const std::vector<Word>& words) {
  return absl::StrJoin(words, " ", [](std::string* out, const Word& word) { *out += word.text; });
}

// Finds out which command is being typed: the longest known path among the words so far. Good for
// bash and zsh (where a variable called `path` would be the search path of programs).
constexpr char kFindPath[] = R"(  local command_path="" word
  for word in "${words_so_far[@]}"; do
    case " $known_paths " in
      *" ${command_path:+${command_path}_}$word "*)
        command_path="${command_path:+${command_path}_}$word" ;;
    esac
  done
)";

std::string KnownPaths(const std::vector<CommandWords>& all) {
  return absl::StrJoin(all, " ", [](std::string* out, const CommandWords& words) {
    *out += absl::StrReplaceAll(words.path, {{" ", "_"}});
  });
}

std::string Bash(const std::vector<CommandWords>& all) {
  std::string cases;
  for (const CommandWords& words : all) {
    absl::StrAppend(&cases, "    \"", absl::StrReplaceAll(words.path, {{" ", "_"}}),
                    "\") choices=\"", Join(words.commands), words.commands.empty() ? "" : " ",
                    Join(words.options), "\" ;;\n");
  }
  return absl::StrCat(
      "# Completion of raftctl for bash. Load it with: source <(raftctl completion bash)\n"
      "_raftctl() {\n  local known_paths=\"",
      KnownPaths(all),
      "\"\n  local words_so_far=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\") choices=\"\"\n", kFindPath,
      "  case \"$command_path\" in\n", cases,
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$choices\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "  [ ${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
      "}\n"
      "complete -F _raftctl raftctl\n");
}

std::string Zsh(const std::vector<CommandWords>& all) {
  std::string cases;
  for (const CommandWords& words : all) {
    absl::StrAppend(&cases, "    \"", absl::StrReplaceAll(words.path, {{" ", "_"}}),
                    "\") choices=(");
    for (const auto* group : {&words.commands, &words.options}) {
      for (const Word& word : *group) {
        absl::StrAppend(&cases, "\n      '", word.text, ":", word.description, "'");
      }
    }
    absl::StrAppend(&cases, ") ;;\n");
  }
  return absl::StrCat(
      "#compdef raftctl\n"
      "# Completion of raftctl for zsh. Load it with: source <(raftctl completion zsh)\n"
      "_raftctl() {\n  local known_paths=\"",
      KnownPaths(all),
      "\"\n  local -a choices words_so_far\n  words_so_far=(\"${(@)words[2,CURRENT-1]}\")\n",
      kFindPath, "  case \"$command_path\" in\n", cases,
      "  esac\n"
      "  _describe 'raftctl' choices || _files\n"
      "}\n"
      "compdef _raftctl raftctl\n");
}

// Where a fish line stands: every word of the path is there, and none of the commands below it.
std::string FishCondition(const CommandWords& words) {
  std::vector<std::string> conditions;
  if (words.path.empty()) {
    conditions.push_back("__fish_use_subcommand");
  } else {
    for (const std::string& command : std::vector<std::string>(absl::StrSplit(words.path, ' '))) {
      conditions.push_back("__fish_seen_subcommand_from " + command);
    }
    if (!words.commands.empty()) {
      conditions.push_back("not __fish_seen_subcommand_from " + Join(words.commands));
    }
  }
  return absl::StrJoin(conditions, "; and ");
}

std::string Fish(const std::vector<CommandWords>& all) {
  std::string script =
      "# Completion of raftctl for fish. Load it with: raftctl completion fish | source\n";
  for (const CommandWords& words : all) {
    const std::string condition = FishCondition(words);
    for (const Word& word : words.commands) {
      absl::StrAppend(&script, "complete -c raftctl -f -n '", condition, "' -a ", word.text,
                      " -d '", word.description, "'\n");
    }
    for (const Word& word : words.options) {
      absl::StrAppend(&script, "complete -c raftctl -n '", condition, "' -l ", word.text.substr(2),
                      " -d '", word.description, "'\n");
    }
  }
  return script;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, Shell shell) {
  std::vector<CommandWords> all;
  Collect(app, "", {}, &all);
  switch (shell) {
    case Shell::kZsh:
      return Zsh(all);
    case Shell::kFish:
      return Fish(all);
    case Shell::kBash:
      break;
  }
  return Bash(all);
}

}  // namespace raft::ctl
