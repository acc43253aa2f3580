"""The role of a message: the names that roles have in published data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Speaker = Literal["user", "assistant", "tool", "system", "call"]
"""A role; "call" is a message that is nothing but a tool call of the assistant."""

ROLE_KEYS = ("from", "role", "speaker", "sender", "author", "type")
"""Keys of a message that name its role; `type` says many other things too."""

_NAMES: Mapping[Speaker, tuple[str, ...]] = {
    "user": (
        *("user", "human", "usr", "prompter", "questioner", "customer", "client", "patient"),
        *("seeker", "help_seeker", "speaker", "student", "visitor", "caller"),
        *("用户", "客户", "患者", "病人", "来访者", "求助者", "咨询者", "学生"),
    ),
    "assistant": (
        *("assistant", "gpt", "model", "chatgpt", "bing", "bard", "bot", "ai", "claude", "gemini", "chatbot"),
        *("agent", "llm", "ai_assistant", "gpt4", "gpt_4", "gpt_3.5", "gpt3.5", "gpt_3.5_turbo", "moss"),
        *("qwen", "deepseek", "chatglm", "grok", "llama", "doctor"),
        *("supporter", "listener", "counselor", "counsellor", "therapist", "teacher", "tutor", "lawyer"),
        *("助手", "客服", "医生", "咨询师", "老师", "律师", "专家"),
    ),
    "tool": (
        *("tool", "observation", "observations", "function", "ipython", "environment", "tool_output"),
        *("tool_response", "tool_responses", "tool_result", "tool_results", "tool_outputs"),
        *("function_response", "function_result", "function_output", "function_call_output"),
    ),
    "system": ("system", "developer", "system_prompt", "系统"),
    "call": ("function_call", "function_calls", "tool_call", "tool_calls", "tool_use"),
}
_SPEAKERS: Mapping[str, Speaker] = {name: speaker for speaker, names in _NAMES.items() for name in names}


def speaker_of(name: object) -> Speaker | None:
    """Return the role of a name in any case and spelling; None for an unknown role."""
    if not isinstance(name, str):
        return None
    if name in _SPEAKERS:
        return _SPEAKERS[name]
    return _SPEAKERS.get(name.strip(" \t\r\n:<|>").lower().replace("-", "_").replace(" ", "_"))


def role_key_of(message: Mapping[str, Any]) -> str:
    """Return the key that names the role of a message, "" where none does."""
    for key in ROLE_KEYS[:-1]:
        if message.get(key):
            return key
    return "type" if speaker_of(message.get("type")) else ""
