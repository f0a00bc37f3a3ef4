/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page.h - the page that html.c puts a study into, as web/bundle made it.
 * Of this room alone. The text is embedded at build time; where the page
 * could not be built it is PAGE_NOT_BUILT and the reason.
 */
#ifndef VAZAO_REPORT_PAGE_H
#define VAZAO_REPORT_PAGE_H

#define PAGE_NOT_BUILT "NOT BUILT: "

/* Where the study comes in: title, as HTML; study, as JSON in a script; what
 * the content security policy allows a live page besides. */
#define PAGE_MARK	 "<!--vazao:"
#define PAGE_MARK_TITLE	 "<!--vazao:title-->"
#define PAGE_MARK_STUDY	 "<!--vazao:study-->"
#define PAGE_MARK_POLICY "<!--vazao:policy-->"

extern const char report_page[];

#endif
