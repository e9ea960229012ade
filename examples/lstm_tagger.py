"""A sequence tagger: words and their characters through recurrent networks, then Viterbi decoding of the best tags."""

from typing import List, Tuple

import torch
import torch.nn as nn


class CharEncoder(nn.Module):
    """One vector per word from its characters: (batch, words, letters) -> (batch, words, dim)."""

    def __init__(self, num_chars: int, embed_dim: int, dim: int):
        super().__init__()
        self.embed = nn.Embedding(num_chars, embed_dim, padding_idx=0)
        self.gru = nn.GRU(embed_dim, dim, batch_first=True)

    def forward(self, chars: torch.Tensor) -> torch.Tensor:
        batch, words, letters = chars.shape
        x = self.embed(chars.view(batch * words, letters))
        _, hidden = self.gru(x)
        return hidden[-1].view(batch, words, -1)


class LSTMTagger(nn.Module):
    """Tag scores (batch, words, num_tags) of sentences given as word and character ids.

    `transitions[i, j]` scores tag j after tag i.
    """

    def __init__(
        self,
        num_words: int = 100,
        num_chars: int = 30,
        num_tags: int = 6,
        word_dim: int = 16,
        char_dim: int = 8,
        hidden: int = 12,
        num_layers: int = 2,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.num_tags = num_tags
        self.word_embed = nn.Embedding(num_words, word_dim, padding_idx=0)
        self.char_encoder = CharEncoder(num_chars, char_dim, char_dim)
        self.lstm = nn.LSTM(
            word_dim + char_dim,
            hidden,
            num_layers=num_layers,
            batch_first=True,
            bidirectional=True,
            dropout=dropout,
        )
        self.to_tags = nn.Linear(2 * hidden, num_tags)
        self.transitions = nn.Parameter(torch.zeros(num_tags, num_tags))
        with torch.no_grad():  # a forget gate that starts open lets gradients pass
            self.lstm.bias_hh_l0[hidden : 2 * hidden].fill_(1.0)

    def forward(self, words: torch.Tensor, chars: torch.Tensor) -> torch.Tensor:
        x = torch.cat([self.word_embed(words), self.char_encoder(chars)], dim=-1)
        states, _ = self.lstm(x)
        scores = self.to_tags(states)
        padding = (words == 0).unsqueeze(-1)
        return scores.masked_fill(padding, 0.0)

    def log_partition(self, scores: torch.Tensor) -> torch.Tensor:
        """The log of the sum over all tag sequences of the exponential of their scores, per sentence."""
        alpha = scores[:, 0]
        for t in range(1, scores.size(1)):
            alpha = torch.logsumexp(alpha.unsqueeze(2) + self.transitions, dim=1) + scores[:, t]
        return alpha.logsumexp(dim=-1)

    def decode(self, scores: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        """The best tag sequence of each sentence (batch, words) and its score."""
        best = scores[:, 0]
        back: List[torch.Tensor] = []
        for t in range(1, scores.size(1)):
            best, index = (best.unsqueeze(2) + self.transitions).max(dim=1)
            best = best + scores[:, t]
            back.append(index)
        score, tag = best.max(dim=-1)
        tags = [tag]
        for index in reversed(back):
            tag = index.gather(1, tag.unsqueeze(1)).squeeze(1)
            tags.append(tag)
        return torch.stack(tags[::-1], dim=1), score


if __name__ == "__main__":
    torch.manual_seed(0)
    model = LSTMTagger().eval()
    words = torch.randint(1, 100, (3, 7))
    chars = torch.randint(1, 30, (3, 7, 5))
    scores = model(words, chars)
    tags, best = model.decode(scores)
    print(scores.shape, tags.shape, (best <= model.log_partition(scores)).all().item())
