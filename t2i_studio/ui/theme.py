"""The look of Gradio's own components: each colour is a variable of static/studio.css, light and dark."""

import gradio as gr

FONTS = (
    "system-ui", "-apple-system", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC",
    "sans-serif",
)  # fmt: skip


def studio_theme() -> gr.themes.Base:
    """Colours, fonts and corners; no font is fetched from anywhere."""
    both = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--muted)",
        "background_fill_primary": "var(--surface)",
        "background_fill_secondary": "var(--paper)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--accent)",
        "color_accent_soft": "var(--tint)",
        "block_background_fill": "transparent",
        "block_border_color": "transparent",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--muted)",
        "block_title_text_color": "var(--ink)",
        "block_info_text_color": "var(--muted)",
        "input_background_fill": "var(--surface)",
        "input_background_fill_focus": "var(--surface)",
        "input_border_color": "var(--line-strong)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--faint)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_background_fill_hover": "var(--accent-strong)",
        "button_primary_text_color": "var(--on-accent)",
        "button_primary_text_color_hover": "var(--on-accent)",
        "button_secondary_background_fill": "var(--surface)",
        "button_secondary_background_fill_hover": "var(--tint)",
        "button_secondary_border_color": "var(--line-strong)",
        "button_secondary_text_color": "var(--ink)",
        "slider_color": "var(--accent)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--surface)",
        "checkbox_label_background_fill_selected": "var(--tint)",
        "checkbox_label_border_color": "var(--line-strong)",
        "checkbox_label_border_color_selected": "var(--accent)",
        "checkbox_label_text_color": "var(--ink)",
        "checkbox_label_text_color_selected": "var(--accent-ink)",
        "panel_background_fill": "var(--surface)",
        "loader_color": "var(--accent)",
        "error_border_color": "var(--bad)",
    }
    theme = gr.themes.Base(
        primary_hue="orange",
        neutral_hue="stone",
        spacing_size="md",
        radius_size="lg",
        text_size="md",
        font=FONTS,
        font_mono=(
            "ui-monospace",
            "SFMono-Regular",
            "Menlo",
            "Consolas",
            "Noto Sans Mono CJK SC",
            "monospace",
        ),
    )
    dark = {f"{name}_dark": value for name, value in both.items()}
    return theme.set(
        **both,
        **dark,
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_title_text_weight="600",
        block_title_text_size="14px",
        block_label_text_size="13px",
        input_border_width="1px",
        input_padding="10px 12px",
        input_radius="12px",
        button_large_radius="14px",
        button_small_radius="10px",
        button_large_text_weight="600",
        layout_gap="18px",
        form_gap_width="0px",
    )
